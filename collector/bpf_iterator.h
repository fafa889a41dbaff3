/* Reads the records that a BPF iterator writes: one of each thing of its kind that there is. */
#ifndef SWORNLOG_COLLECTOR_BPF_ITERATOR_H
#define SWORNLOG_COLLECTOR_BPF_ITERATOR_H

#include "lib/base.h"

/* The record is valid during the call, at least a struct bpf_record and aligned for it. */
typedef void bpf_iterator_each(void *context, const void *record, size_t size);

/* Run the iterator once. -EBADMSG for bytes that are no records, or -errno of the kernel. */
must_check int bpf_iterator_read(int link_fd, bpf_iterator_each *each, void *context);

#endif

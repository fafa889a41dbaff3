/* What the kernel says stands behind a descriptor of ours: another's hand may have closed or replaced it. */
#ifndef SWORNLOG_COLLECTOR_BPF_IDENTITY_H
#define SWORNLOG_COLLECTOR_BPF_IDENTITY_H

#include "lib/buf.h"

/* Append a CBOR item: [link id, program id], or null if there is no link any more. */
void bpf_identity_put_link(struct buf *b, int fd);
/* Append a CBOR item: the map's id, or null. */
void bpf_identity_put_map(struct buf *b, int fd);

#endif

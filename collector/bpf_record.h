/* Checks a record from the kernel's ring before anything reads it. */
#ifndef SWORNLOG_COLLECTOR_BPF_RECORD_H
#define SWORNLOG_COLLECTOR_BPF_RECORD_H

#include "bpf/events.h"
#include "lib/buf.h"
#include "lib/cursor.h"

/* One record, its strings laid out. Everything points into the ring: valid only while it is being handled. */
struct bpf_view {
	union {
		const struct bpf_record *head;
		const struct bpf_exec_record *exec;
		const struct bpf_exit_record *exit;
		const struct bpf_fork_record *fork;
		const struct bpf_file_record *file;
		const struct bpf_io_uring_record *io_uring;
	};
	const struct bpf_string *strings; /* NULL if the record has none */
	struct span text[BPF_FILE_STRINGS];
};

/* 0, or -EBADMSG if sizes, program or strings do not fit together. `data` is aligned to 8 bytes, as the ring
 * does it. */
must_check int bpf_record_check(const void *data, size_t size, struct bpf_view *ret);

/* Append the path that a run of components (the last one first) stands for: "/a/b", or "/" for none.
 * Components that do not fit together are left out. */
void bpf_path_put(struct buf *b, struct span components);

/* When it was made. */
static inline uint64_t bpf_record_us(const struct bpf_record *head)
{
	return head->boot_ns / 1000;
}

#endif

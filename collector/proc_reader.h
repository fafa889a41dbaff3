/* What /proc tells of a process: after the fact, in its own words, but better than nothing. */
#ifndef SWORNLOG_COLLECTOR_PROC_READER_H
#define SWORNLOG_COLLECTOR_PROC_READER_H

#include "collector/process_table.h"
#include "lib/redact.h"

struct proc_facts {
	struct process_key key; /* start rounded down to a clock tick */
	uint32_t parent_tgid;
	struct process_ids ids;
	char comm[BPF_COMM_MAX + 1];
	uint32_t marks;  /* enum entry_mark bits */
	struct buf exe;  /* empty where it may not be read */
	struct buf argv; /* CBOR array of byte strings */
};

void proc_facts_done(struct proc_facts *f);

/* Read about one process. root_fd: a descriptor of /proc; `redact` (NULL: none) is applied to the arguments.
 * `ret` is zeroed or was used before: its buffers are filled anew. -ENOENT or -ESRCH if there is no such
 * process, or it was replaced by another while being read; -EBADMSG for what is not understood. `ret` is of
 * no meaning then. */
must_check int proc_read(int root_fd, uint32_t tgid, struct redact *redact, struct proc_facts *ret);

/* Only when it was started. */
must_check int proc_read_start(int root_fd, uint32_t tgid, uint64_t *ret_start_us);

/* Hand on the pid of each process that there is; none where they can't be listed. */
void proc_each(int root_fd, void (*each)(void *context, uint32_t pid), void *context);

/* NUL-terminated strings one after the other as a CBOR array; a last one without NUL counts. */
void argv_put(struct buf *b, struct span arguments);

#endif

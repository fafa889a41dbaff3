/* Encodes the description of a process: the fields of KIND_PROCESS and KIND_EXEC. */
#ifndef SWORNLOG_COLLECTOR_DESCRIBE_H
#define SWORNLOG_COLLECTOR_DESCRIBE_H

#include "collector/bpf_record.h"
#include "collector/process_table.h"
#include "lib/redact.h"

/* An exec, whole. `exe_path` is the executable's path (empty: not known), `argv` all arguments that were seen
 * as a CBOR array, `container` its container's id or "", `marks` what is to be added to its marks,
 * `audit_serial` of audit's event of it (NULL: none). Appends the field map and returns it (empty after an
 * error of the buffer). */
struct span describe_exec(struct buf *b, const struct bpf_view *exec, struct span exe_path, struct span argv,
                          const char *container, uint32_t marks, const uint32_t *audit_serial);

/* A process as the table knows it; `tid` is the thread through which it was noticed. */
struct span describe_process(struct buf *b, const struct process *p, uint32_t tid);

/* Empties a name in which a secret is found (NULL: none is looked for): it has no room for a mark. */
void redact_comm(struct redact *redact, char comm[BPF_COMM_MAX]);

/* What marks on strings of a record are called in an entry. */
uint32_t entry_marks_of(uint16_t bpf_marks);

#endif

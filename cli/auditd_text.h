/* Entries as the records that auditd would have written, for ausearch and aureport (docs/show.md).
 *
 * An audit entry is its own records, byte for byte. What eBPF saw is projected onto SYSCALL, EXECVE, CWD and
 * PATH records: a view for tools that read nothing else, not what was stored.
 */
#ifndef SWORNLOG_CLI_AUDITD_TEXT_H
#define SWORNLOG_CLI_AUDITD_TEXT_H

#include "cli/event_text.h"
#include "cli/machine.h"

/* Append the entry's records, each a line. `machine` is that of the host. False, and nothing appended, if the
 * entry has no such form. */
must_check bool event_put_auditd(struct buf *b, const struct event *e, enum machine machine);

#endif

/* Encodes the events of system calls that are about more than files: what file_event_read() has read, and the
 * fields that only these kinds have. */
#ifndef SWORNLOG_COLLECTOR_SYSTEM_EVENT_H
#define SWORNLOG_COLLECTOR_SYSTEM_EVENT_H

#include "collector/file_event.h"
#include "collector/process_table.h"

/* True for kinds that are encoded here. */
bool system_event_is(uint16_t kind);
/* The pid that the call is aimed at, as the caller gave it: of a process, or, negative, of others; 0: none.
 */
int32_t system_event_pid(const struct file_event *e, const struct bpf_view *view);

/* The field map, in e->fields; empty without memory. `before`: who the caller was, NULL: not known. */
struct span system_event_encode(struct file_event *e, const struct bpf_view *view,
                                const struct process_ids *before);

#endif

/* Finds the exclusion that a record's event falls under. */
#ifndef SWORNLOG_COLLECTOR_LEFT_OUT_H
#define SWORNLOG_COLLECTOR_LEFT_OUT_H

#include "collector/exclude.h"
#include "collector/file_event.h"
#include "collector/process_table.h"

/* `e` was read from the record and labelled: what has a label is never left out. `actor` may be NULL. Paths
 * count only where the kernel vouches for the object: a name that a caller passed may lead anywhere. */
struct exclusion *left_out(struct exclude *x, const struct file_event *e, const struct bpf_view *view,
                           const struct process *actor);

#endif

/* Enrolments: statements that come in over the control socket, and those that stand in the fleet log
 * (docs/format.md section 11). */
#ifndef SWORNLOG_SINK_ENROL_H
#define SWORNLOG_SINK_ENROL_H

#include "sink/core.h"

/* Check a statement, commit it with all else that was gathered, and do what it says. *ret_index is its index
 * in the fleet log. -EBADMSG, -ENOKEY, -EPERM, -EEXIST, or as core_commit; `error` gets a sentence. Blocks
 * for the disk. */
must_check int enrol_submit(struct core *c, struct span statement, uint64_t *ret_index, char *error,
                            size_t error_size);
/* Do what a statement in the fleet log says. Kinds that are unknown say nothing. */
must_check int enrol_apply(struct core *c, struct span note);

#endif

/* Statements that come in over the control socket, and those that stand in the fleet log (docs/format.md
 * section 11). */
#ifndef SWORNLOG_SINK_STATEMENTS_H
#define SWORNLOG_SINK_STATEMENTS_H

#include "sink/core.h"

/* Check a statement, commit it with all else that was gathered, and do what it says. *ret_index is its index
 * in the fleet log. -EBADMSG, -ENOKEY, -EPERM (it says what may not be said), or as core_commit; `error` gets
 * a sentence. Blocks for the disk. */
must_check int statements_submit(struct core *c, struct span statement, uint64_t *ret_index, char *error,
                                 size_t error_size);
/* Do what a statement says that stands in the fleet log at `index`. One that nobody should have put there, or
 * of a kind that is not known here, says nothing. */
must_check int statements_apply(struct core *c, struct span note, uint64_t index, uint64_t time_us);

#endif

/* The fleet log on its way out, up to its published checkpoint (docs/format.md section 18). */
#ifndef SWORNLOG_CLI_EXPORT_FLEET_H
#define SWORNLOG_CLI_EXPORT_FLEET_H

#include "evidence/statement.h"

struct export_fleet;

/* Below dirfd (kept, not owned), in `fleet`. `genesis` is kept, `note` (the published checkpoint) is copied.
 * -EBADMSG if that is none; who signed it is checked at the end. */
must_check int export_fleet_new(int dirfd, const struct genesis *genesis, struct span note,
                                struct export_fleet **ret);
void export_fleet_free(struct export_fleet *f);

/* The payload of a fleet record: they come in order. *ret_statement gets the kind STATEMENT_UNKNOWN, or the
 * statement that it holds and that verified. -EBADMSG, with a message: it is not the next one. */
must_check int export_fleet_record(struct export_fleet *f, struct span payload,
                                   struct statement *ret_statement);
/* Write the policy, what is left of the tiles, and the checkpoint; append a line. `policy` is the text of one
 * that the caller wants there; empty: the fleet's own, or one without witnesses. -EBADMSG, with a message:
 * what went by does not make the checkpoint, or its key did not sign it; -EINVAL: the policy is none, or not
 * for this log. */
must_check int export_fleet_finish(struct export_fleet *f, struct span policy, struct buf *lines);

#endif

/* One host log on its way out: batch by batch into tiles and the list of its seals (docs/format.md
 * section 18). */
#ifndef SWORNLOG_CLI_EXPORT_LOG_H
#define SWORNLOG_CLI_EXPORT_LOG_H

#include "evidence/batch.h"

struct export_log;

/* Below dirfd (kept, not owned), in `host/<host>/<epoch>`. `content`: the entries too, not only their
 * hashes. */
must_check int export_log_new(int dirfd, const struct origin *origin, bool content, struct export_log **ret);
void export_log_free(struct export_log *l);

/* Entries so far. */
uint64_t export_log_size(const struct export_log *l);
/* -EBADMSG: it does not continue the log, its entries don't hash to its root, or another key than was named
 * has sealed it. Then nothing of it is written, and the log is at its end. */
must_check int export_log_batch(struct export_log *l, const struct batch *b);
/* Seals, policy, partial tiles and last the checkpoint: the note of the last batch taken; there was one.
 * `identity`: the host's key, or NULL. */
must_check int export_log_finish(struct export_log *l, const struct key *identity);

#endif

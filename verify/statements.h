/* Statements as they stand in the fleet log, and what each makes of its host from there on (docs/format.md
 * section 11). */
#ifndef SWORNLOG_VERIFY_STATEMENTS_H
#define SWORNLOG_VERIFY_STATEMENTS_H

#include "verify/host.h"

/* The statement at `index` of the fleet log, which is not the first entry. */
must_check int statements_take(struct hosts *h, const struct place *at, struct span note, uint64_t index,
                               uint64_t time_us);
/* A commit names a head, after which its host's log has `before` entries of this epoch no more: is it one
 * that a revocation or retirement speaks of? */
void statements_commit(struct log_host *host, struct log_epoch *e, uint64_t before, uint64_t size);
/* The host's standing for a batch: as its commit found it, or the newest one. */
const struct host_stand *statements_stand(const struct log_host *host, const struct log_epoch *e);
/* The batch that begins an epoch: does it show the token that the host was enrolled under? NULL, or what is
 * wrong. */
const char *statements_epoch(struct log_host *host, const struct host_stand *stand,
                             const struct epoch_start *start);
/* An entry of kind 9 has come by, in a batch that `vouched` says the identity key has signed. -EBADMSG if it
 * is malformed; -ENOMEM. */
must_check int statements_announced(struct log_host *host, uint32_t epoch, uint64_t index,
                                    const struct entry *e, bool vouched);
/* After the last batch. */
void statements_finish(struct hosts *h, struct log_host *host);
void statements_done(struct log_host *host);

/* The key that signs the fleet log's notes of this size. */
const struct key *statements_log_key(const struct hosts *h, uint64_t size);
/* 0 if the note of this size, whose last entry is of this time, is signed by the fleet log's key in force,
 * and by nobody else but the former one in an overlap. `published`: cosignatures may follow. -EBADMSG,
 * -ENOKEY. */
must_check int statements_check_note(const struct hosts *h, struct span note, uint64_t size, uint64_t time_us,
                                     bool published);

#endif

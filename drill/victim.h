/* Batches in a store that sins are committed on. */
#ifndef SWORNLOG_DRILL_VICTIM_H
#define SWORNLOG_DRILL_VICTIM_H

#include "drill/act.h"
#include "drill/records.h"

#define VICTIM_BATCHES 4

/* Some consecutive batches of one host log in one file; in a journal each in a commit of its own. */
struct victim {
	struct records records;
	size_t at[VICTIM_BATCHES]; /* records */
};

void victim_done(struct victim *v);
#define cleanup_victim cleanup(victim_done)
/* The newest file that has such. -ENOTSUP, with the reason, if none has. Says where the finding must be. */
must_check int victim_choose(struct act *a, struct victim *ret);

/* The newest file with a commit that is neither its first nor its last fleet record. */
must_check int victim_choose_commit(struct act *a, struct records *ret, size_t *ret_at);

/* Append the batch with other entries under the same seed, head and signatures. */
must_check int victim_put_batch(struct buf *b, const struct batch *old, struct span raw);

#endif

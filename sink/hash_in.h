/* Batches that were in the journal at the start are hashed into their host's log only when it is needed, or
 * when there is time: reading them is fast, hashing them is not. */
#ifndef SWORNLOG_SINK_HASH_IN_H
#define SWORNLOG_SINK_HASH_IN_H

#include "sink/core.h"

/* Hash the batches of one host that still wait. -EBADMSG: they don't lead to the head that was committed, so
 * the store was altered. */
must_check int hash_in(struct core *c, struct host *h);
/* Do it for some host that was not tried yet; false when there is none left. */
bool hash_in_next(struct core *c, struct host **ret, int *ret_error);

#endif

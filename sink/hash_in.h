/* Batches that were in the journal at the start are hashed into their host's log only when it is needed, or
 * when there is time: reading them is fast, hashing them is not. */
#ifndef SWORNLOG_SINK_HASH_IN_H
#define SWORNLOG_SINK_HASH_IN_H

#include "sink/core.h"

/* Hash one batch of the host. 1: there are more; 0: none is left; -EBADMSG: they don't lead to the head that
 * was committed, so the store was altered. */
must_check int hash_in_step(struct core *c, struct host *h);
/* A step for some host that was not done yet. False when there is none left; else *ret_error is 1, or what
 * went wrong with *ret, which is then not tried again here. */
bool hash_in_next(struct core *c, struct host **ret, int *ret_error);

#endif

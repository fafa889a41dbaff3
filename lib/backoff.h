/* How long to wait before trying again: twice as long each time, with jitter, up to a bound. */
#ifndef SWORNLOG_LIB_BACKOFF_H
#define SWORNLOG_LIB_BACKOFF_H

#include "lib/base.h"

struct backoff {
	uint64_t first_us;
	uint64_t last_us;
	uint64_t delay_us; /* before jitter; 0: no failure yet */
	uint64_t random;   /* state of the jitter; not for secrets */
};

/* `seed` differs from host to host, so that a fleet does not come back in step. */
void backoff_init(struct backoff *b, uint64_t first_us, uint64_t last_us, uint64_t seed);
/* After a failure: how long to wait, between half of the delay and the whole of it, and never less than
 * at_least_us. */
uint64_t backoff_next(struct backoff *b, uint64_t at_least_us);
/* After a success. */
void backoff_reset(struct backoff *b);

#endif

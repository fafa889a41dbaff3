/* Whether the wall clock can be what a cosignature says. */
#ifndef SWORNLOG_WITNESS_CLOCK_H
#define SWORNLOG_WITNESS_CLOCK_H

#include "lib/env.h"

struct clock {
	const struct env *env;
	uint64_t wall_us, boot_us; /* when it was last right */
};

void clock_init(struct clock *c, const struct env *env);
/* The time for a cosignature, not before `newest_s`, that of the newest one so far. A clock is wrong where it
 * is years too early, far behind what was cosigned, or has leapt ahead of the machine's own: -ERANGE, and
 * *ret_words says so. */
must_check int clock_now(struct clock *c, uint64_t newest_s, uint64_t *ret_s, const char **ret_words);

#endif

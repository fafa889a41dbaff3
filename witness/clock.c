#include "witness/clock.h"

#define US          1000000ull
#define EARLIEST_S  1767225600ull /* 2026: nothing was cosigned by this program before */
#define BACKWARDS_S 60            /* what setting a clock right may take it back */
#define LEAP_US     (3600 * US)

void clock_init(struct clock *c, const struct env *env)
{
	*c = (struct clock){ env, env->wall_us(env), env->boot_us(env) };
}

int clock_now(struct clock *c, uint64_t newest_s, uint64_t *ret_s, const char **ret_words)
{
	uint64_t wall_us = c->env->wall_us(c->env), boot_us = c->env->boot_us(c->env);
	uint64_t expected_us = c->wall_us + (boot_us - c->boot_us), now_s = wall_us / US;
	*ret_words = NULL;
	if (now_s < EARLIEST_S)
		*ret_words = "the clock is years behind";
	else if (now_s + BACKWARDS_S < newest_s)
		*ret_words = "the clock is behind what was cosigned before";
	else if (wall_us > expected_us + LEAP_US)
		*ret_words = "the clock has leapt ahead; if it is right now, start the witness again";
	if (*ret_words)
		return -ERANGE;
	c->wall_us = wall_us;
	c->boot_us = boot_us;
	*ret_s = MAX(now_s, newest_s);
	return 0;
}

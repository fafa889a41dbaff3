#include "lib/backoff.h"

void backoff_init(struct backoff *b, uint64_t first_us, uint64_t last_us, uint64_t seed)
{
	*b = (struct backoff){ .first_us = first_us, .last_us = last_us, .random = seed };
}

/* splitmix64 (Steele, Lea, Flood 2014): any seed will do, zero included. */
static uint64_t next_random(struct backoff *b)
{
	uint64_t z = b->random += 0x9e3779b97f4a7c15u;
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

uint64_t backoff_next(struct backoff *b, uint64_t at_least_us)
{
	b->delay_us = b->delay_us == 0 ? b->first_us : MIN(2 * b->delay_us, b->last_us);
	uint64_t half = b->delay_us / 2;
	uint64_t jitter = next_random(b) % (b->delay_us - half + 1);
	/* The jitter is on top of what the other side asked for: it asked all hosts for the same. */
	return at_least_us > half ? at_least_us + jitter : half + jitter;
}

void backoff_reset(struct backoff *b)
{
	b->delay_us = 0;
}

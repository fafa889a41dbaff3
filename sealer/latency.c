#include "sealer/latency.h"

static unsigned bucket_of(uint64_t us)
{
	if (us < 4)
		return (unsigned)us;
	unsigned top = 63 - (unsigned)__builtin_clzll(us);
	unsigned quarter = (unsigned)(us >> (top - 2)) & 3;
	return MIN(4 * (top - 1) + quarter, (unsigned)LATENCY_BUCKETS - 1);
}

static uint64_t upper_edge(unsigned bucket)
{
	if (bucket < 4)
		return bucket;
	unsigned top = bucket / 4 + 1;
	return ((uint64_t)(4 + bucket % 4 + 1) << (top - 2)) - 1;
}

void latency_add(struct latency *l, uint64_t us)
{
	l->count++;
	l->max_us = MAX(l->max_us, us);
	l->bucket[bucket_of(us)]++;
}

uint64_t latency_percentile_us(const struct latency *l, unsigned percent)
{
	uint64_t target = (l->count * percent + 99) / 100, seen = 0;
	for (unsigned i = 0; i < LATENCY_BUCKETS && l->count; i++) {
		seen += l->bucket[i];
		if (seen >= target)
			return MIN(upper_edge(i), l->max_us);
	}
	return 0;
}

/* How long events take to their receipt: a histogram with powers of two split in four. */
#ifndef SWORNLOG_SEALER_LATENCY_H
#define SWORNLOG_SEALER_LATENCY_H

#include "lib/base.h"

#define LATENCY_BUCKETS 160

struct latency {
	uint64_t count;
	uint64_t max_us;
	uint64_t bucket[LATENCY_BUCKETS];
};

void latency_add(struct latency *l, uint64_t us);
/* The upper edge of the bucket in which the given share (per cent) of all lies; 0 if none were added. */
uint64_t latency_percentile_us(const struct latency *l, unsigned percent);

#endif

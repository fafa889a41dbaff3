#include "sealer/retention.h"

static bool free_beyond(struct sealer *s, const struct spool_keep *keep)
{
	size_t before = s->spool.count;
	if (spool_free_receipted(&s->spool, keep) < 0)
		s->failed_frees++;
	return s->spool.count < before;
}

void retention_apply(struct sealer *s)
{
	uint64_t now = sealer_now_us(s), waiting = spool_unreceipted_bytes(&s->spool);
	uint64_t room = s->options.spool_max_bytes - MIN(s->options.spool_max_bytes, waiting);
	struct spool_keep keep = {
		/* A quarter of slack is within the bound too. */
		.bytes = MIN(s->options.keep_receipted_bytes, room / 5 * 4),
		.batches = RETENTION_BATCHES,
		.since_us = now - MIN(now, s->options.keep_receipted_us),
	};
	(void)free_beyond(s, &keep);
}

bool retention_give_up(struct sealer *s)
{
	return free_beyond(s, &(struct spool_keep){ .bytes = 0, .batches = 1, .since_us = UINT64_MAX });
}

#include "sealer/spool.h"

void spool_list_abandoned(const struct spool *s, size_t from, struct epoch_start *ret)
{
	size_t n = ret->abandoned_count;
	for (size_t i = from; i < s->count; i++) {
		const struct spool_batch *b = &s->batch[i];
		struct abandoned *last = n ? &ret->abandoned[n - 1] : NULL;
		if (last && last->epoch == b->epoch && last->first + last->count == b->first)
			last->count += b->count;
		else if (n < EPOCH_MAX_ABANDONED)
			ret->abandoned[n++] = (struct abandoned){ b->epoch, b->first, b->count };
	}
	ret->abandoned_count = n;
}

int spool_abandon(struct spool *s, size_t from)
{
	int r = 0;
	while (r == 0 && s->count > from) {
		struct spool_batch *b = &s->batch[s->count - 1];
		char name[SPOOL_NAME_MAX], to[SPOOL_NAME_MAX];
		spool_batch_name(b->epoch, b->first, "batch", name);
		spool_batch_name(b->epoch, b->first, "abandoned", to);
		r = s->env->rename(s->env, s->fd, name, to);
		s->bytes -= b->bytes;
		s->count--;
	}
	s->receipted = MIN(s->receipted, s->count);
	return r < 0 ? r : s->env->dirsync(s->env, s->fd);
}

static bool before(struct spool_place a, struct spool_place b)
{
	return a.epoch < b.epoch || (a.epoch == b.epoch && a.size < b.size);
}

/* True if a sink that has all up to `at` takes what begins at `next`. */
static bool follows(struct spool_place at, struct spool_place next)
{
	return next.epoch == at.epoch ? next.size == at.size : next.epoch > at.epoch && next.size == 0;
}

static void describe_gap(size_t row, struct spool_place at, struct spool_place next, struct spool_gap *ret)
{
	uint64_t first = at.epoch == next.epoch ? at.size : 0;
	*ret = (struct spool_gap){
		.row = row,
		.missing = { .epoch = next.epoch,
		             .first = first,
		             .count = next.size - MIN(first, next.size) },
	};
}

bool spool_find_gap(const struct spool *s, struct spool_place receipted, struct spool_place end,
                    struct spool_gap *ret)
{
	struct spool_place at = { s->base_epoch, s->base.size };
	if (s->count == 0 && s->damaged == 0)
		return false;
	if (before(at, receipted))
		at = receipted;
	for (size_t i = s->receipted; i < s->count; i++) {
		const struct spool_batch *b = &s->batch[i];
		struct spool_place first = { b->epoch, b->first };
		if (!follows(at, first)) {
			describe_gap(i, at, first, ret);
			return true;
		}
		at = (struct spool_place){ b->epoch, b->first + b->count };
	}
	if (end.size == 0 || follows(at, end))
		return false;
	describe_gap(s->count, at, end, ret);
	return true;
}

#include "sealer/spool.h"

static bool covered(const struct spool_batch *b, uint32_t epoch, uint64_t size)
{
	return b->epoch < epoch || (b->epoch == epoch && b->first + b->count <= size);
}

void spool_mark_receipted(struct spool *s, uint32_t epoch, uint64_t size)
{
	uint64_t now = s->env->boot_us(s->env);
	while (s->receipted < s->count && covered(&s->batch[s->receipted], epoch, size))
		s->batch[s->receipted++].receipted_us = now;
}

static uint64_t receipted_bytes(const struct spool *s)
{
	uint64_t n = 0;
	for (size_t i = 0; i < s->receipted; i++)
		n += s->batch[i].bytes;
	return n;
}

uint64_t spool_unreceipted_bytes(const struct spool *s)
{
	return s->bytes - receipted_bytes(s);
}

/* The base as it moves over batches that are about to go. */
struct move {
	uint32_t epoch;
	struct frontier tree;
	bool broken; /* a batch of the epoch is missing: its tree can't be known */
};

static void enter_epoch(struct move *m, uint32_t epoch)
{
	if (m->epoch != epoch)
		*m = (struct move){ .epoch = epoch };
}

static int advance(struct spool *s, const struct spool_batch *b, struct salter *salter, struct move *m)
{
	cleanup_buf struct buf bytes = { 0 }, raw = { 0 };
	struct batch parsed;
	enter_epoch(m, b->epoch);
	m->broken = m->broken || b->first != m->tree.size;
	if (m->broken)
		return 0;
	int r = spool_read_batch(s, b, &bytes);
	if (r < 0)
		return r;
	if (batch_parse((struct span){ bytes.data, bytes.len }, &parsed) < 0)
		return -EBADMSG;
	r = batch_unpack(&parsed, &raw);
	return r < 0 ? r : batch_hash(&parsed, (struct span){ raw.data, raw.len }, salter, &m->tree);
}

static size_t count_to_free(const struct spool *s, const struct spool_keep *keep)
{
	uint64_t left = receipted_bytes(s);
	size_t n = 0;
	while (n + 1 < s->receipted && (left > keep->bytes || s->receipted - n > keep->batches ||
	                                s->batch[n].receipted_us < keep->since_us))
		left -= s->batch[n++].bytes;
	return n;
}

/* Each move of the base costs two syncs, so batches go in groups. */
static struct spool_keep with_slack(const struct spool *s, const struct spool_keep *keep)
{
	uint64_t now = s->env->boot_us(s->env), age = now - MIN(now, keep->since_us);
	return (struct spool_keep){
		.bytes = keep->bytes + keep->bytes / 4,
		.batches = keep->batches + keep->batches / 4,
		.since_us = keep->since_us - MIN(keep->since_us, age / 16),
	};
}

static int delete_first(struct spool *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char name[SPOOL_NAME_MAX];
		spool_batch_name(s->batch[i].epoch, s->batch[i].first, "batch", name);
		int r = s->env->unlink(s->env, s->fd, name);
		if (r < 0 && r != -ENOENT)
			return r;
		s->bytes -= s->batch[i].bytes;
		s->batch[i].bytes = 0;
	}
	memmove(s->batch, s->batch + n, (s->count - n) * sizeof(*s->batch));
	s->count -= n;
	s->receipted -= n;
	return 0;
}

int spool_free_receipted(struct spool *s, const struct spool_keep *keep)
{
	struct spool_keep most = with_slack(s, keep);
	size_t n = count_to_free(s, &most) ? count_to_free(s, keep) : 0;
	if (n == 0)
		return 0;
	cleanup_salter struct salter *salter = NULL;
	int r = salter_new(&salter);
	struct move m = { .epoch = s->base_epoch, .tree = s->base };
	for (size_t i = 0; r == 0 && i < n; i++)
		r = advance(s, &s->batch[i], salter, &m);
	if (r < 0)
		return r;
	enter_epoch(&m, s->batch[n].epoch);
	if (m.broken)
		return 0;
	r = spool_set_base(s, m.epoch, &m.tree);
	return r < 0 ? r : delete_first(s, n);
}

#include "drill/victim.h"

#include <stdio.h>

#define TRIES 1000

void victim_done(struct victim *v)
{
	records_done(&v->records);
}

/* The batches of one log from `start` on. Returns how many there are, VICTIM_BATCHES at most. */
static size_t follow(const struct records *r, size_t start, size_t at[VICTIM_BATCHES])
{
	struct batch first, b;
	size_t n = 0;
	bool committed = true;
	if (!records_batch(r, start, &first))
		return 0;
	for (size_t i = start; i < r->count && n < VICTIM_BATCHES; i++) {
		committed |= r->list[i].type == RECORD_FLEET || r->file.segment;
		if (!committed || !records_batch(r, i, &b) || !span_equal(b.origin_text, first.origin_text))
			continue;
		at[n++] = i;
		committed = false;
	}
	return n;
}

static bool find_run(const struct records *r, size_t at[VICTIM_BATCHES])
{
	size_t tries = 0;
	for (size_t i = 0; i < r->count && tries < TRIES; i++) {
		if (r->list[i].type != RECORD_BATCH)
			continue;
		tries++;
		if (follow(r, i, at) == VICTIM_BATCHES)
			return true;
	}
	return false;
}

/* Ask `take` about each file, the newest first, until it takes one. */
static int each_file(struct act *a, bool (*take)(struct records *r, void *ctx), void *ctx,
                     struct records *ret)
{
	cleanup_listing struct listing l = { 0 };
	int e = listing_read(a->work->dirfd, NULL, &l);
	if (e < 0)
		return act_failed(a, e, "the store can't be listed");
	for (size_t i = l.len; i-- > 0;) {
		cleanup_records struct records r = { 0 };
		e = records_read(a->work, l.file[i].segment, l.file[i].number, &r);
		if (e < 0)
			continue; /* torn or altered already: another will do */
		if (!take(&r, ctx))
			continue;
		snprintf(a->place, sizeof(a->place), "%s", r.path);
		*ret = r;
		r = (struct records){ 0 };
		return 0;
	}
	return -ENOENT;
}

static bool take_run(struct records *r, void *ctx)
{
	struct victim *v = ctx;
	return find_run(r, v->at);
}

int victim_choose(struct act *a, struct victim *ret)
{
	int e = each_file(a, take_run, ret, &ret->records);
	if (e == -ENOENT)
		return act_impossible(a, "no file of the store has %d commits of one host", VICTIM_BATCHES);
	struct batch b;
	if (e == 0 && records_batch(&ret->records, ret->at[0], &b))
		memcpy(a->host, b.origin.host, sizeof(a->host));
	return e;
}

static bool take_commit(struct records *r, void *ctx)
{
	size_t *at = ctx, first = r->count, last = 0;
	for (size_t i = 0; i < r->count; i++) {
		if (r->list[i].type != RECORD_FLEET)
			continue;
		first = MIN(first, i);
		last = i;
	}
	for (size_t i = first + 1; i < last; i++) {
		struct fleet_record f;
		if (!records_fleet(r, i, &f) || f.head_count == 0)
			continue;
		*at = i;
		return true;
	}
	return false;
}

int victim_choose_commit(struct act *a, struct records *ret, size_t *ret_at)
{
	int e = each_file(a, take_commit, ret_at, ret);
	return e == -ENOENT ? act_impossible(a, "no file of the store has three commits") : e;
}

int victim_put_batch(struct buf *b, const struct batch *old, struct span raw)
{
	char origin[ORIGIN_MAX + 1];
	origin_format(&old->origin, origin);
	struct batch_parts parts = { .codec = old->codec,
		                     .origin = origin,
		                     .count = old->count,
		                     .first = old->first,
		                     .seed = old->seed,
		                     .raw = raw,
		                     .root = &old->head.root,
		                     .signature_bytes = old->note.signatures.len };
	int e = batch_put_unsigned(b, &parts);
	buf_put(b, old->note.signatures.data, old->note.signatures.len);
	return e < 0 ? e : buf_err(b);
}

#include "sealer/spool_check.h"

#include "evidence/chain.h"

struct walk {
	struct spool *spool;
	const struct key *identity;
	struct chain chain;
	bool keyed; /* the next batch's seal key is known */
	struct chain_scratch *scratch;
	struct salter *salter;
	struct buf bytes, raw;
};

static void walk_done(struct walk *w)
{
	chain_scratch_free(w->scratch);
	salter_free(w->salter);
	buf_done(&w->bytes);
	buf_done(&w->raw);
}

static void enter_epoch(struct walk *w, uint32_t epoch)
{
	struct origin o = { .epoch = epoch };
	memcpy(o.fleet, w->spool->fleet, sizeof(o.fleet));
	memcpy(o.host, w->spool->host, sizeof(o.host));
	chain_init(&w->chain, &o, w->identity);
	w->keyed = true;
}

static int walk_begin(struct walk *w)
{
	enter_epoch(w, w->spool->base_epoch);
	w->chain.tree = w->spool->base;
	w->keyed = w->spool->base.size == 0;
	int r = chain_scratch_new(&w->scratch);
	return r < 0 ? r : salter_new(&w->salter);
}

/* The base names no seal key, so the first batch behind it is hashed only. */
static bool hashes_to_root(struct walk *w, const struct batch *b)
{
	struct span body, last = { 0 };
	struct cursor c;
	struct entry e;
	struct seal seal;
	buf_reset(&w->raw);
	if (batch_unpack(b, &w->raw) < 0)
		return false;
	struct span raw = { w->raw.data, w->raw.len };
	struct hash root;
	if (batch_hash(b, raw, w->salter, &w->chain.tree) < 0)
		return false;
	frontier_root(&w->chain.tree, &root);
	cursor_init(&c, raw.data, raw.len);
	while (batch_next_body(&c, &body))
		last = body;
	if (!hash_equal(&root, &b->head.root) || entry_parse_body(last, &e) < 0 || seal_parse(&e, &seal) < 0)
		return false;
	w->chain.next_key = seal.next_key;
	w->keyed = true;
	return true;
}

static int check(struct walk *w, const struct spool_batch *row, bool *ret_sound)
{
	struct batch b;
	enum chain_verdict verdict = CHAIN_OK;
	struct chain_result result;
	*ret_sound = false;
	buf_reset(&w->bytes);
	int r = spool_read_batch(w->spool, row, &w->bytes);
	if (r < 0)
		return r == -ENOMEM ? r : 0;
	if (row->epoch != w->chain.origin.epoch)
		enter_epoch(w, row->epoch);
	struct span in = { w->bytes.data, w->bytes.len };
	if (batch_parse(in, &b) != (ssize_t)in.len || !hash_equal(&b.head.root, &row->root))
		return 0;
	if (!w->keyed) {
		*ret_sound = hashes_to_root(w, &b);
		return 0;
	}
	r = chain_check(&w->chain, &b, CHAIN_SHALLOW, w->scratch, &verdict, &result);
	*ret_sound = r == 0 && verdict == CHAIN_OK;
	return r;
}

int spool_check_refused(struct spool *s, const struct key *identity, bool *ret_rotten)
{
	struct walk w cleanup(walk_done) = { .spool = s, .identity = identity };
	bool sound = true;
	int r = walk_begin(&w);
	size_t row = 0;
	for (; r == 0 && sound && row <= s->receipted && row < s->count; row++)
		r = check(&w, &s->batch[row], &sound);
	if (r == 0)
		*ret_rotten = !sound && row == s->receipted + 1;
	return r;
}

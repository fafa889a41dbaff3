#include "sink/append.h"

#include "evidence/error_text.h"
#include "sink/announce.h"
#include "sink/forks.h"
#include "sink/hash_in.h"
#include "sink/receipts.h"
#include "sink/silence.h"

void answer_done(struct answer *a)
{
	buf_done(&a->body);
}

void answer_error(struct answer *a, unsigned status, const char *word, const char *sentence)
{
	a->status = status;
	buf_reset(&a->body);
	error_text_put(&a->body, word, sentence);
}

void append_start(struct append *a, struct core *core, struct host *host, struct buf *body, uint64_t held)
{
	*a = (struct append){ .core = core, .host = host, .body = *body, .held = held };
	*body = (struct buf){ 0 };
}

void append_done(struct append *a)
{
	buf_done(&a->body);
	answer_done(&a->answer);
}

enum append_next append_refuse(struct append *a, unsigned status, const char *word, const char *sentence)
{
	a->core->counts.refused++;
	answer_error(&a->answer, status, word, sentence);
	return APPEND_ANSWERED;
}

enum append_next append_trouble(struct append *a)
{
	return append_refuse(a, 503, "unavailable", "The sink can't store anything now; try again later.");
}

static struct span rest(const struct append *a)
{
	return (struct span){ a->body.data + a->at, a->body.len - a->at };
}

/* The whole body, before any of it is believed. */
static enum append_next parse_all(struct append *a)
{
	if (a->body.len == 0)
		return append_refuse(a, 400, "malformed", "The body is empty.");
	struct span in = rest(a);
	struct batch b, first = { 0 };
	uint64_t next = 0;
	for (unsigned n = 0; in.len > 0; n++) {
		if (n == APPEND_MAX_BATCHES)
			return append_refuse(a, 413, "too-many", "A request holds at most 64 batches.");
		ssize_t used = batch_parse(in, &b);
		if (used < 0)
			return append_refuse(a, 400, "malformed",
			                     "The body is not a run of well-formed batches.");
		if (n == 0)
			first = b;
		else if (!span_equal(b.origin_text, first.origin_text) || b.first != next)
			return append_refuse(a, 400, "malformed",
			                     "The batches are not consecutive ones of one origin.");
		next = b.first + b.count;
		in.data += used;
		in.len -= (size_t)used;
	}
	if (strcmp(first.origin.host, a->host->name) != 0 ||
	    strcmp(first.origin.fleet, a->core->genesis.fleet) != 0)
		return append_refuse(a, 403, "other-host", "The batches are another host's.");
	a->parsed = true;
	return APPEND_AGAIN;
}

static enum append_next conflict(struct append *a, const char *reason)
{
	/* The receipt in a conflict speaks of what is durable, so that is made to be all. */
	if (a->host->staged)
		return APPEND_FLUSH;
	a->core->counts.refused++;
	a->answer.status = 409;
	buf_reset(&a->answer.body);
	if (receipts_put_conflict(a->core, a->host, reason, a->held, &a->answer.body) < 0)
		return append_trouble(a);
	return APPEND_ANSWERED;
}

static enum append_next fork_conflict(struct append *a, const struct batch *b)
{
	if (a->host->staged)
		return APPEND_FLUSH;
	int r = store_room(&a->core->store);
	if (r == 0)
		r = forks_keep(&a->core->store, b);
	if (r == 0) {
		cleanup_buf struct buf detail = { 0 };
		buf_put(&detail, b->origin_text.data, b->origin_text.len);
		buf_printf(&detail, " %llu", (unsigned long long)b->head.size);
		r = buf_err(&detail);
		if (r == 0)
			r = core_note(a->core, SINK_FORK_REFUSED, (struct span){ detail.data, detail.len });
	}
	if (r < 0 && r != -EEXIST && r != -EDQUOT)
		return append_trouble(a);
	return conflict(a, "fork");
}

static enum append_next invalid(struct append *a, enum chain_verdict v)
{
	static const struct {
		unsigned status;
		const char *word;
	} by_verdict[] = {
		[CHAIN_WRONG_FIRST] = { 400, "malformed" },
		[CHAIN_UNPACK] = { 400, "malformed" },
		[CHAIN_WRONG_ROOT] = { 422, "wrong-root" },
		[CHAIN_WRONG_SEAL] = { 422, "wrong-seal" },
		[CHAIN_WRONG_IDENTITY] = { 422, "wrong-identity" },
		[CHAIN_NO_SEAL_ENTRY] = { 422, "no-seal-entry" },
		[CHAIN_NO_EPOCH_ENTRY] = { 422, "no-epoch-entry" },
	};
	if ((size_t)v >= ARRAY_SIZE(by_verdict) || by_verdict[v].status == 0)
		return append_trouble(a);
	cleanup_buf struct buf sentence = { 0 };
	buf_printf(&sentence, "The batch is refused: %s.", chain_verdict_name(v));
	buf_put_u8(&sentence, 0);
	if (buf_err(&sentence))
		return append_trouble(a);
	return append_refuse(a, by_verdict[v].status, by_verdict[v].word, (const char *)sentence.data);
}

/* Where the log stands, the commit under way included. */
static struct host_head newest(const struct host *h)
{
	if (!h->staged)
		return h->head;
	const struct chain *c = &h->staged->chain;
	return (struct host_head){ .epoch = c->origin.epoch, .size = c->tree.size, .root = h->staged->root };
}

static void advance(struct append *a, const struct batch *b)
{
	a->at += b->bytes.len;
	a->last = (struct host_head){ .epoch = b->origin.epoch, .size = b->head.size, .root = b->head.root };
}

static int heard_again(struct core *c, struct host *h)
{
	h->presence = PRESENCE_HEARD;
	h->heard_us = c->env->boot_us(c->env);
	return core_note(c, SINK_HOST_HEARD, span_str(h->name));
}

static int stage(struct append *a, const struct batch *b, const struct chain *chain, struct span raw)
{
	struct core *c = a->core;
	int r = commit_stage(&c->commit, &c->journal, a->host, chain, b, silence_is_goodbye(raw));
	if (r == 0 && a->host->presence == PRESENCE_SILENT)
		r = heard_again(c, a->host);
	if (r < 0)
		return r;
	c->staged_counts.batches++;
	c->staged_counts.entries += b->count;
	c->staged_counts.bytes += b->bytes.len;
	advance(a, b);
	return 0;
}

/* The batch begins where the log ends. */
static enum append_next take(struct append *a, const struct batch *b, bool new_epoch)
{
	struct core *c = a->core;
	struct chain chain = a->host->staged ? a->host->staged->chain : a->host->chain;
	if (new_epoch)
		chain_init(&chain, &b->origin, &a->host->standing.identity);
	enum chain_verdict verdict;
	struct chain_result result;
	if (chain_check(&chain, b, CHAIN_SHALLOW, c->scratch, &verdict, &result) < 0)
		return append_trouble(a);
	if (verdict != CHAIN_OK)
		return invalid(a, verdict);
	int r = stage(a, b, &chain, result.raw);
	if (r == -EAGAIN || r == -EMSGSIZE)
		return commit_is_empty(&c->commit) ? append_trouble(a) : APPEND_FLUSH;
	return r < 0 ? append_trouble(a) : APPEND_AGAIN;
}

static enum append_next judge(struct append *a, const struct batch *b)
{
	struct host_head now = newest(a->host);
	if (b->origin.epoch < now.epoch || b->origin.epoch <= a->host->standing.closed_epoch)
		return conflict(a, "epoch");
	if (b->origin.epoch > now.epoch) {
		if (b->first != 0)
			return conflict(a, "size");
		/* A commit has one head an origin, and a host's slot in it holds one. */
		return a->host->staged ? APPEND_FLUSH : take(a, b, true);
	}
	if (b->first == now.size)
		return take(a, b, false);
	uint64_t end = b->first + b->count;
	bool same_size = end == now.size;
	if (same_size ? !hash_equal(&b->head.root, &now.root) : host_contradicts(a->host, end, &b->head.root))
		return fork_conflict(a, b);
	if (end > now.size)
		return conflict(a, "size");
	advance(a, b);
	return APPEND_AGAIN;
}

static enum append_next finish(struct append *a)
{
	struct host_head now = newest(a->host);
	if (now.epoch != a->last.epoch || now.size != a->last.size)
		return conflict(a, "size");
	if (a->host->staged)
		return APPEND_WAIT;
	append_settle(a);
	return APPEND_ANSWERED;
}

enum append_next append_step(struct append *a)
{
	struct core *c = a->core;
	if (c->dead)
		return append_trouble(a);
	if (a->verb == APPEND_ANNOUNCEMENT)
		return announce_step(a);
	if (!a->parsed)
		return parse_all(a);
	int r = hash_in_step(c, a->host);
	if (r != 0)
		return r < 0 ? append_trouble(a) : APPEND_AGAIN;
	if (a->at == a->body.len)
		return finish(a);
	struct batch b;
	if (batch_parse(rest(a), &b) < 0)
		return append_trouble(a);
	return judge(a, &b);
}

/* A commit that was dropped leaves the host before the last batch. */
static bool is_durable(const struct append *a)
{
	const struct host_head *head = &a->host->head;
	return head->epoch > a->last.epoch || (head->epoch == a->last.epoch && head->size >= a->last.size);
}

void append_settle(struct append *a)
{
	if (a->verb == APPEND_ANNOUNCEMENT) {
		announce_settle(a);
		return;
	}
	a->answer.status = 200;
	buf_reset(&a->answer.body);
	if (a->core->dead || !is_durable(a) || receipts_put(a->core, a->host, a->held, &a->answer.body) < 0)
		(void)append_trouble(a);
}

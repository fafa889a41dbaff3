/* One batch against the chain of its epoch, and what its entries say about the host (docs/format.md 15.5
 * to 15.8).
 */
#include "lib/cbor.h"
#include "verify/shape.h"
#include "verify/statements.h"
#include "verify/work.h"

/* What each verdict of the chain means to a reader of the report. */
static enum verdict verdict_of(enum chain_verdict v)
{
	switch (v) {
	case CHAIN_OK:
		return VERDICT_REMARK;
	case CHAIN_WRONG_FIRST:
	case CHAIN_UNPACK:
	case CHAIN_WRONG_ROOT:
		return VERDICT_ALTERED;
	case CHAIN_WRONG_SEAL:
	case CHAIN_WRONG_IDENTITY:
		return VERDICT_WRONGLY_SEALED;
	case CHAIN_NO_SEAL_ENTRY:
	case CHAIN_NO_EPOCH_ENTRY:
	case CHAIN_BAD_BODY:
	case CHAIN_BAD_REFERENCE:
	case CHAIN_BAD_ACCOUNT:
		return VERDICT_MALFORMED;
	}
	return VERDICT_ALTERED;
}

void work_find(struct work *w, enum verdict v, const char *why)
{
	host_find(w->hosts, w->host, v, &w->at, "%s", why);
}

void work_find_at(struct work *w, uint64_t index, enum verdict v, const char *why)
{
	struct place at = w->at;
	at.first = at.last = index;
	host_find(w->hosts, w->host, v, &at, "%s", why);
}

static void add_count(uint64_t *sum, uint64_t count)
{
	if (__builtin_add_overflow(*sum, count, sum))
		*sum = UINT64_MAX;
}

static void mark_today(struct log_host *host, enum verdict v)
{
	struct day *today = days_today(&host->days);
	if (today)
		today->verdicts |= 1u << v;
}

static void take_loss(struct work *w, const struct entry *entry)
{
	struct loss l;
	struct loss_sum *sum = &w->epoch->loss;
	if (loss_parse(entry, &l) < 0)
		return; /* the chain has said so already */
	sum->entries++;
	mark_today(w->host, VERDICT_LOSS);
	sum->reason[MIN(l.reason, (uint64_t)LOSS_REASONS - 1)]++;
	if (!l.has_count || l.exactness == LOWER_BOUND || l.exactness >= UNKNOWN)
		sum->uncounted = true;
	if (l.has_count && l.exactness <= LOWER_BOUND)
		add_count(&sum->counted, l.count);
	if (l.has_count && l.exactness == UPPER_BOUND)
		add_count(&sum->at_most, l.count);
}

static void take_own_entry(struct work *w, struct span body, uint64_t index)
{
	struct entry e;
	if (entry_parse_body(body, &e) < 0)
		return;
	if (e.sensors != SENSOR_AGENT)
		work_find_at(w, index, VERDICT_MALFORMED, "an entry of the log's own names other sensors");
	if (e.kind == KIND_GOODBYE && index + 1 != w->at.last)
		work_find_at(w, index, VERDICT_MALFORMED,
		             "a goodbye that is not the last entry but the seal");
	if (e.kind == KIND_GOODBYE && w->epoch->covered < w->epoch->head_len)
		w->epoch->heads[w->epoch->covered].goodbye = true;
	if (e.kind == KIND_LOSS)
		take_loss(w, &e);
	if (e.kind == KIND_KEY)
		w->trouble =
		        statements_announced(w->host, w->epoch->origin.epoch, index, &e, w->result.vouched);
	if (w->trouble == -EBADMSG) {
		work_find_at(w, index, VERDICT_MALFORMED, "an announcement that names no key");
		w->trouble = 0;
	}
	if (e.kind == KIND_POSTURE) {
		sha256(e.fields.data, e.fields.len, &w->epoch->posture);
		w->epoch->has_posture = true;
	}
}

/* The chain has seen that the body is well-formed: here its fields are compared with what its kind has. */
static void check_shape(struct work *w, uint64_t kind, struct cursor *c, uint64_t index)
{
	uint64_t field;
	struct place at = w->at;
	cbor_skip(c); /* time */
	cbor_skip(c); /* sensors */
	cbor_skip(c); /* process */
	if (c->err || shape_check(kind, *c, &field))
		return;
	at.first = at.last = index;
	host_find(w->hosts, w->host, VERDICT_MALFORMED, &at,
	          "field %llu of an entry of kind %llu is absent or of another form",
	          (unsigned long long)field, (unsigned long long)kind);
}

static void take_content(struct work *w)
{
	struct cursor raw, c;
	struct span body;
	uint64_t index = w->at.first;
	cursor_init(&raw, w->result.raw.data, w->result.raw.len);
	for (; batch_next_body(&raw, &body); index++) {
		cursor_init(&c, body.data, body.len);
		(void)cbor_array(&c);
		uint64_t kind = cbor_uint(&c);
		if (c.err)
			continue;
		if (kind < ENTRY_FIRST_EVENT_KIND)
			take_own_entry(w, body, index);
		check_shape(w, kind, &c, index);
	}
}

static int by_place(const void *a, const void *b)
{
	const struct abandoned *x = a, *y = b;
	if (x->epoch != y->epoch)
		return x->epoch < y->epoch ? -1 : 1;
	return (x->first > y->first) - (x->first < y->first);
}

static int take_abandoned(struct log_epoch *e, const struct epoch_start *s)
{
	if (s->abandoned_count == 0)
		return 0;
	free(e->given_up);
	e->given_up = malloc(s->abandoned_count * sizeof(*e->given_up));
	if (!e->given_up)
		return -ENOMEM;
	e->given_up_len = s->abandoned_count;
	memcpy(e->given_up, s->abandoned, s->abandoned_count * sizeof(*e->given_up));
	qsort(e->given_up, e->given_up_len, sizeof(*e->given_up), by_place);
	for (size_t i = 0; i < e->given_up_len; i++)
		add_count(&e->abandoned, e->given_up[i].count);
	return 0;
}

/* The genesis statement's key, or one that followed on it. */
static bool is_fleet_log(const struct hosts *h, const struct key *k)
{
	if (strcmp(k->name, h->genesis->log.name) != 0 || k->type != KEY_TYPE_ED25519)
		return false;
	if (key_equal(k, &h->genesis->log))
		return true;
	for (size_t i = 0; i < h->roll.key_count; i++) {
		if (memcmp(k->pub.b, h->roll.key[i].b, sizeof(k->pub.b)) == 0)
			return true;
	}
	return false;
}

static int take_epoch_entry(struct work *w)
{
	struct log_epoch *e = w->epoch;
	const struct epoch_start *s = &w->result.epoch;
	e->has_epoch_entry = true;
	struct day *today = days_today(&w->host->days);
	if (today && e->origin.epoch > 1)
		today->new_key = true;
	e->cause = s->cause;
	e->predecessor = s->predecessor;
	e->receipted = s->receipted;
	w->sealed_by = s->first_key;
	if ((e->origin.epoch == 1) != (s->cause == EPOCH_ENROLLED))
		work_find_at(w, 0, VERDICT_MALFORMED,
		             "the first epoch, and only that, begins with an enrolment");
	if (s->predecessor.epoch >= e->origin.epoch || s->receipted.epoch >= e->origin.epoch)
		work_find_at(w, 0, VERDICT_MALFORMED,
		             "the epoch entry names an epoch that is not an earlier one");
	const char *why = statements_epoch(w->host, statements_stand(w->host, e), s);
	if (why)
		work_find_at(w, 0, VERDICT_MALFORMED, why);
	struct key log;
	if (key_parse(s->fleet_vkey, &log) < 0 || !is_fleet_log(w->hosts, &log))
		work_find_at(w, 0, VERDICT_MALFORMED, "the epoch entry names another fleet log");
	return take_abandoned(e, s);
}

static void count(struct work *w)
{
	struct log_host *host = w->host;
	uint64_t wall_us = w->result.seal.clock.wall_us;
	host->entries += w->batch->count;
	host->batches++;
	host->signatures += note_signature_count(&w->batch->note);
	if (host->first_wall_us == 0 || wall_us < host->first_wall_us)
		host->first_wall_us = wall_us;
	host->last_wall_us = MAX(host->last_wall_us, wall_us);
	struct day *today = days_today(&host->days);
	if (today)
		today->entries += w->batch->count;
}

static int accept(struct work *w)
{
	int r = w->hosts->spool ? days_turn(&w->host->days, w->result.seal.clock.wall_us) : 0;
	count(w);
	if (r == 0 && w->result.has_epoch)
		r = take_epoch_entry(w);
	if (r < 0)
		return r;
	if (!w->hosts->structure)
		take_content(w);
	return w->trouble < 0 ? w->trouble : work_seal(w);
}

/* A host may fill its log with nonsense that it has signed: the chain goes on behind it. */
static int carry_on(struct work *w, struct chain *chain, enum chain_verdict v)
{
	work_find_at(w, v == CHAIN_BAD_ACCOUNT ? w->at.last : w->result.bad_index, VERDICT_MALFORMED,
	             chain_verdict_name(v));
	enum chain_verdict shallow;
	int r = chain_check(chain, w->batch, CHAIN_SHALLOW, w->hosts->scratch, &shallow, &w->result);
	if (r < 0 || shallow != CHAIN_OK)
		return r;
	/* Otherwise one bad count would be reported with each later batch. */
	chain->declared_lost = chain->account.lost;
	return accept(w);
}

static void off_the_chain(struct work *w)
{
	struct log_epoch *e = w->epoch;
	if (e->unchecked++ == 0)
		e->unchecked_from = w->batch->first;
	if (w->batch->first == e->next_first)
		return;
	struct place at = w->at;
	if (w->batch->first > e->next_first) {
		w->host->gaps++;
		at.first = e->next_first;
		at.last = w->batch->first - 1;
		host_find(w->hosts, w->host, VERDICT_MISSING, &at, "entries between two batches are gone");
		return;
	}
	host_find(w->hosts, w->host, VERDICT_ALTERED, &at,
	          "the batch is out of place: the log before it already reaches index %llu",
	          (unsigned long long)e->next_first);
}

static int judge(struct work *w, struct chain *chain, enum chain_verdict v)
{
	switch (v) {
	case CHAIN_OK:
		return accept(w);
	case CHAIN_WRONG_FIRST:
		off_the_chain(w);
		return 0;
	case CHAIN_BAD_BODY:
	case CHAIN_BAD_REFERENCE:
	case CHAIN_BAD_ACCOUNT:
		return carry_on(w, chain, v);
	case CHAIN_UNPACK:
	case CHAIN_WRONG_ROOT:
	case CHAIN_WRONG_SEAL:
	case CHAIN_WRONG_IDENTITY:
	case CHAIN_NO_SEAL_ENTRY:
	case CHAIN_NO_EPOCH_ENTRY:
		break;
	}
	work_find(w, verdict_of(v), chain_verdict_name(v));
	w->epoch->stuck = true;
	return 0;
}

static enum chain_depth depth(const struct work *w)
{
	return w->hosts->structure ? CHAIN_SHALLOW : CHAIN_DEEP;
}

/* An epoch's chain takes memory only once its first batch has been found good. */
static int check_first(struct work *w)
{
	struct chain fresh;
	enum chain_verdict v;
	chain_init(&fresh, &w->epoch->origin, &statements_stand(w->host, w->epoch)->standing.identity);
	int r = chain_check(&fresh, w->batch, depth(w), w->hosts->scratch, &v, &w->result);
	if (r == 0)
		r = judge(w, &fresh, v);
	if (r < 0 || fresh.tree.size == 0)
		return r;
	w->epoch->chain = malloc(sizeof(fresh));
	if (!w->epoch->chain)
		return -ENOMEM;
	*w->epoch->chain = fresh;
	return 0;
}

static int check_next(struct work *w)
{
	enum chain_verdict v;
	struct chain *chain = w->epoch->chain;
	w->sealed_by = chain->next_key;
	w->before = chain->account;
	const struct key *identity = &statements_stand(w->host, w->epoch)->standing.identity;
	struct day *today = days_today(&w->host->days);
	if (today && !key_equal(identity, &chain->identity))
		today->new_key = true;
	chain->identity = *identity;
	int r = chain_check(chain, w->batch, depth(w), w->hosts->scratch, &v, &w->result);
	return r < 0 ? r : judge(w, chain, v);
}

static int check_chain(struct work *w)
{
	struct log_epoch *e = w->epoch;
	int r = 0;
	if (!w->host->selected)
		return 0;
	if (e->stuck)
		off_the_chain(w);
	else
		r = e->chain ? check_next(w) : check_first(w);
	e->next_first = w->batch->first + w->batch->count;
	return r;
}

static int find_epoch(struct work *w)
{
	const struct origin *o = &w->batch->origin;
	if (strcmp(o->fleet, w->hosts->genesis->fleet) == 0)
		w->host = hosts_find(w->hosts, o->host);
	if (!w->host) {
		work_find(w, VERDICT_UNENROLLED, "a batch of a host that nobody enrolled");
		return 0;
	}
	int r = host_epoch(w->host, o, &w->epoch);
	if (r == -E2BIG) {
		work_find(w, VERDICT_MALFORMED, "more epochs than any honest host has");
		return 0;
	}
	return r;
}

int hosts_batch(struct hosts *h, const struct place *at, struct span payload, uint64_t group)
{
	struct batch b;
	char name[ORIGIN_MAX + 1];
	ssize_t n = batch_parse(payload, &b);
	if (n < 0 || (size_t)n != payload.len) {
		find(h->findings, VERDICT_ALTERED, at, "not a batch within the limits of the format");
		return 0;
	}
	origin_format(&b.origin, name);
	struct work w = { .hosts = h, .at = *at, .batch = &b };
	w.at.origin = name;
	w.at.has_index = true;
	w.at.first = b.first;
	w.at.last = b.first + b.count - 1;
	int r = find_epoch(&w);
	if (r < 0 || !w.epoch)
		return r;
	if (!h->spool)
		r = coverage_batch(h, w.host, w.epoch, &w.at, &b, group);
	if (r < 0)
		return r;
	announced_batch(h, w.host, w.epoch, &w.at, &b);
	return check_chain(&w);
}

#include "evidence/seal.h"

#include "lib/cbor.h"

static void put_own(struct buf *b, enum entry_kind kind, int64_t time_us, const struct buf *fields)
{
	struct entry e = {
		.kind = kind,
		.time_us = time_us,
		.sensors = SENSOR_AGENT,
		.process = ENTRY_NO_PROCESS,
		.fields = { fields->data, fields->len },
	};
	entry_put_body(b, &e);
	if (fields->err && !b->err)
		b->err = fields->err;
}

static void put_clock(struct buf *b, const struct clock_base *c)
{
	cbor_put_array(b, 4);
	cbor_put_uint(b, c->boot_us);
	cbor_put_uint(b, c->wall_us);
	cbor_put_uint(b, c->error_us);
	cbor_put_uint(b, c->how);
}

static void put_account(struct buf *b, const struct account *a)
{
	cbor_put_array(b, 5);
	cbor_put_uint(b, a->emitted);
	cbor_put_uint(b, a->stored);
	cbor_put_uint(b, a->filtered);
	cbor_put_uint(b, a->lost);
	cbor_put_uint(b, a->exactness);
}

void seal_put_body(struct buf *b, const struct seal *s, int64_t time_us)
{
	cleanup_buf struct buf f = { 0 };
	cbor_put_map(&f, 8u + (s->has_posture ? 1 : 0) + (s->fleet.size ? 1 : 0));
	cbor_put_uint(&f, 0);
	cbor_put_uint(&f, s->first);
	cbor_put_uint(&f, 1);
	cbor_put_uint(&f, s->count);
	cbor_put_uint(&f, 2);
	cbor_put_bytes(&f, s->boot_id, sizeof(s->boot_id));
	cbor_put_uint(&f, 3);
	put_clock(&f, &s->clock);
	cbor_put_uint(&f, 4);
	cbor_put_bytes(&f, s->next_key.b, sizeof(s->next_key.b));
	cbor_put_uint(&f, 5);
	put_account(&f, &s->account);
	cbor_put_uint(&f, 6);
	if (s->high_water.len)
		buf_put(&f, s->high_water.data, s->high_water.len);
	else
		cbor_put_array(&f, 0);
	if (s->has_posture) {
		cbor_put_uint(&f, 7);
		cbor_put_bytes(&f, s->posture.b, sizeof(s->posture.b));
	}
	cbor_put_uint(&f, 8);
	cbor_put_bytes(&f, s->config.b, sizeof(s->config.b));
	if (s->fleet.size) {
		cbor_put_uint(&f, 9);
		cbor_put_array(&f, 2);
		cbor_put_uint(&f, s->fleet.size);
		cbor_put_bytes(&f, s->fleet.root.b, sizeof(s->fleet.root.b));
	}
	put_own(b, KIND_SEAL, time_us, &f);
}

static void get_exact(struct cursor *c, void *out, size_t n)
{
	struct span s = cbor_bytes(c);
	if (c->err || s.len != n) {
		cursor_fail(c);
		return;
	}
	memcpy(out, s.data, n);
}

static void get_hash(struct cursor *c, struct hash *out)
{
	get_exact(c, out->b, sizeof(out->b));
}

static void expect_array(struct cursor *c, size_t items)
{
	if (cbor_array(c) != items)
		cursor_fail(c);
}

static void get_clock(struct cursor *c, struct clock_base *k)
{
	expect_array(c, 4);
	k->boot_us = cbor_uint(c);
	k->wall_us = cbor_uint(c);
	k->error_us = cbor_uint(c);
	k->how = cbor_uint(c);
	/* Times are added to these: keep sums far from overflow. */
	if (k->boot_us > INT64_MAX / 4 || k->wall_us > INT64_MAX / 4)
		cursor_fail(c);
}

static void get_account(struct cursor *c, struct account *a)
{
	expect_array(c, 5);
	a->emitted = cbor_uint(c);
	a->stored = cbor_uint(c);
	a->filtered = cbor_uint(c);
	a->lost = cbor_uint(c);
	a->exactness = cbor_uint(c);
	if (a->exactness > UNKNOWN)
		cursor_fail(c);
}

static void get_high_water(struct cursor *c, struct span *out)
{
	const uint8_t *start = c->at;
	for (size_t n = cbor_array(c); n > 0 && !c->err; n--)
		cbor_uint(c);
	if (!c->err)
		*out = (struct span){ start, (size_t)(c->at - start) };
}

static void get_fleet_head(struct cursor *c, struct fleet_head *h)
{
	expect_array(c, 2);
	h->size = cbor_uint(c);
	get_hash(c, &h->root);
	if (h->size == 0)
		cursor_fail(c);
}

static void get_seal_field(struct cursor *c, uint64_t key, void *into)
{
	struct seal *s = into;
	switch (key) {
	case 0:
		s->first = cbor_uint(c);
		break;
	case 1:
		s->count = cbor_uint(c);
		break;
	case 2:
		get_exact(c, s->boot_id, sizeof(s->boot_id));
		break;
	case 3:
		get_clock(c, &s->clock);
		break;
	case 4:
		get_exact(c, s->next_key.b, sizeof(s->next_key.b));
		break;
	case 5:
		get_account(c, &s->account);
		break;
	case 6:
		get_high_water(c, &s->high_water);
		break;
	case 7:
		s->has_posture = true;
		get_hash(c, &s->posture);
		break;
	case 8:
		get_hash(c, &s->config);
		break;
	case 9:
		get_fleet_head(c, &s->fleet);
		break;
	default:
		cbor_skip(c);
		break;
	}
}

/* The map's pairs one by one. `required` has a bit for each key that must be there. */
static int parse_fields(const struct entry *e, void (*get)(struct cursor *c, uint64_t key, void *into),
                        void *into, uint64_t required)
{
	struct cursor c;
	uint64_t seen = 0;
	int64_t prev = -1;
	cursor_init(&c, e->fields.data, e->fields.len);
	for (size_t n = cbor_map(&c); n > 0 && !c.err; n--) {
		uint64_t key = cbor_key(&c, &prev);
		seen |= key < 64 ? (uint64_t)1 << key : 0;
		get(&c, key, into);
	}
	return cursor_finish(&c) < 0 || (seen & required) != required ? -EBADMSG : 0;
}

int seal_parse(const struct entry *e, struct seal *ret)
{
	struct seal s = { 0 };
	if (e->kind != KIND_SEAL || parse_fields(e, get_seal_field, &s, 0x17f) < 0)
		return -EBADMSG;
	if (!ed25519_public_ok(&s.next_key))
		return -EBADMSG;
	*ret = s;
	return 0;
}

const char *epoch_cause_name(uint64_t cause)
{
	static const char *const names[] = {
		[EPOCH_ENROLLED] = "enrolled",       [EPOCH_STATE_LOST] = "state lost",
		[EPOCH_ROLLED_BACK] = "rolled back", [EPOCH_SINK_RESTORED] = "sink restored",
		[EPOCH_REENROLLED] = "re-enrolled",
	};
	return cause < ARRAY_SIZE(names) ? names[cause] : NULL;
}

static void put_head(struct buf *b, const struct epoch_head *h)
{
	cbor_put_array(b, 3);
	cbor_put_uint(b, h->epoch);
	if (!h->has_size) {
		cbor_put_null(b);
		cbor_put_null(b);
		return;
	}
	cbor_put_uint(b, h->size);
	cbor_put_bytes(b, h->root.b, sizeof(h->root.b));
}

static void put_abandoned(struct buf *b, const struct epoch_start *s)
{
	cbor_put_array(b, s->abandoned_count);
	for (size_t i = 0; i < s->abandoned_count; i++) {
		cbor_put_array(b, 3);
		cbor_put_uint(b, s->abandoned[i].epoch);
		cbor_put_uint(b, s->abandoned[i].first);
		cbor_put_uint(b, s->abandoned[i].count);
	}
}

void epoch_put_body(struct buf *b, const struct epoch_start *s, int64_t time_us)
{
	cleanup_buf struct buf f = { 0 };
	cbor_put_map(&f, 6u + (s->predecessor.epoch ? 1 : 0) + (s->receipted.epoch ? 1 : 0) +
	                         (s->has_token ? 1 : 0) + (s->abandoned_count ? 1 : 0));
	cbor_put_uint(&f, 0);
	cbor_put_uint(&f, s->epoch);
	cbor_put_uint(&f, 1);
	cbor_put_uint(&f, s->cause);
	if (s->predecessor.epoch) {
		cbor_put_uint(&f, 2);
		put_head(&f, &s->predecessor);
	}
	if (s->receipted.epoch) {
		cbor_put_uint(&f, 3);
		put_head(&f, &s->receipted);
	}
	cbor_put_uint(&f, 4);
	cbor_put_bytes(&f, s->first_key.b, sizeof(s->first_key.b));
	cbor_put_uint(&f, 5);
	cbor_put_bytes(&f, s->fleet_vkey.data, s->fleet_vkey.len);
	cbor_put_uint(&f, 6);
	cbor_put_bytes(&f, s->certificate.b, sizeof(s->certificate.b));
	if (s->has_token) {
		cbor_put_uint(&f, 7);
		cbor_put_bytes(&f, s->token.b, sizeof(s->token.b));
	}
	if (s->abandoned_count) {
		cbor_put_uint(&f, 8);
		put_abandoned(&f, s);
	}
	cbor_put_uint(&f, 9);
	cbor_put_bytes(&f, s->version.data, s->version.len);
	put_own(b, KIND_EPOCH, time_us, &f);
}

static void get_head(struct cursor *c, struct epoch_head *h, bool size_required)
{
	expect_array(c, 3);
	h->epoch = cbor_uint(c);
	if (h->epoch == 0)
		cursor_fail(c);
	if (!size_required && cbor_null(c)) {
		if (!cbor_null(c))
			cursor_fail(c);
		return;
	}
	h->has_size = true;
	h->size = cbor_uint(c);
	get_hash(c, &h->root);
}

static void get_abandoned(struct cursor *c, struct epoch_start *s)
{
	size_t n = cbor_array(c);
	if (n > EPOCH_MAX_ABANDONED) {
		cursor_fail(c);
		return;
	}
	s->abandoned_count = n;
	for (size_t i = 0; i < n && !c->err; i++) {
		expect_array(c, 3);
		s->abandoned[i].epoch = cbor_uint(c);
		s->abandoned[i].first = cbor_uint(c);
		s->abandoned[i].count = cbor_uint(c);
	}
}

static void get_epoch_field(struct cursor *c, uint64_t key, void *into)
{
	struct epoch_start *s = into;
	switch (key) {
	case 0:
		s->epoch = cbor_uint(c);
		break;
	case 1:
		s->cause = cbor_uint(c);
		break;
	case 2:
		get_head(c, &s->predecessor, false);
		break;
	case 3:
		get_head(c, &s->receipted, true);
		break;
	case 4:
		get_exact(c, s->first_key.b, sizeof(s->first_key.b));
		break;
	case 5:
		s->fleet_vkey = cbor_bytes(c);
		break;
	case 6:
		get_hash(c, &s->certificate);
		break;
	case 7:
		s->has_token = true;
		get_hash(c, &s->token);
		break;
	case 8:
		get_abandoned(c, s);
		break;
	case 9:
		s->version = cbor_bytes(c);
		break;
	default:
		cbor_skip(c);
		break;
	}
}

int epoch_parse(const struct entry *e, struct epoch_start *ret)
{
	struct epoch_start s = { 0 };
	if (e->kind != KIND_EPOCH || parse_fields(e, get_epoch_field, &s, 0x273) < 0)
		return -EBADMSG;
	if (s.cause > EPOCH_REENROLLED || !ed25519_public_ok(&s.first_key))
		return -EBADMSG;
	*ret = s;
	return 0;
}

void loss_put_body(struct buf *b, const struct loss *l, int64_t time_us)
{
	cleanup_buf struct buf f = { 0 };
	cbor_put_map(&f, 2u + (l->has_count ? 1 : 0) + (l->kind ? 1 : 0) + (l->has_since ? 1 : 0) +
	                         (l->detail.len ? 1 : 0));
	cbor_put_uint(&f, LOSS_REASON);
	cbor_put_uint(&f, l->reason);
	if (l->has_count) {
		cbor_put_uint(&f, LOSS_COUNT);
		cbor_put_uint(&f, l->count);
	}
	cbor_put_uint(&f, LOSS_EXACTNESS);
	cbor_put_uint(&f, l->exactness);
	if (l->kind) {
		cbor_put_uint(&f, LOSS_KIND);
		cbor_put_uint(&f, l->kind);
	}
	if (l->has_since) {
		cbor_put_uint(&f, LOSS_SINCE);
		cbor_put_uint(&f, l->since_boot_us);
	}
	if (l->detail.len) {
		cbor_put_uint(&f, LOSS_DETAIL);
		cbor_put_bytes(&f, l->detail.data, l->detail.len);
	}
	put_own(b, KIND_LOSS, time_us, &f);
}

static void get_loss_field(struct cursor *c, uint64_t key, void *into)
{
	struct loss *l = into;
	switch (key) {
	case LOSS_REASON:
		l->reason = cbor_uint(c);
		break;
	case LOSS_COUNT:
		l->has_count = true;
		l->count = cbor_uint(c);
		break;
	case LOSS_EXACTNESS:
		l->exactness = cbor_uint(c);
		break;
	case LOSS_KIND:
		l->kind = cbor_uint(c);
		break;
	case LOSS_SINCE:
		l->has_since = true;
		l->since_boot_us = cbor_uint(c);
		break;
	case LOSS_DETAIL:
		l->detail = cbor_bytes(c);
		break;
	default:
		cbor_skip(c);
		break;
	}
}

int loss_parse(const struct entry *e, struct loss *ret)
{
	struct loss l = { 0 };
	if (e->kind != KIND_LOSS || parse_fields(e, get_loss_field, &l, 0x5) < 0)
		return -EBADMSG;
	if (l.exactness > UNKNOWN)
		return -EBADMSG;
	*ret = l;
	return 0;
}

const char *agent_what_name(uint64_t what)
{
	static const char *const names[] = {
		[AGENT_SEALER_STARTED] = "sealer started",
		[AGENT_COLLECTOR_CONNECTED] = "collector connected",
		[AGENT_COLLECTOR_GONE] = "collector gone",
		[AGENT_COLLECTOR_GOODBYE] = "collector said goodbye",
		[AGENT_CONFIG_CHANGED] = "configuration changed",
		[AGENT_CONFLICT] = "conflict with the sink",
		[AGENT_SPOOL_NEARLY_FULL] = "spool nearly full",
		[AGENT_SPOOL_USABLE] = "spool usable again",
		[AGENT_STALLED] = "sealer stalled",
		[AGENT_RULES_REFUSED] = "new rules refused",
	};
	return what < ARRAY_SIZE(names) ? names[what] : NULL;
}

void agent_put_body(struct buf *b, enum agent_what what, struct span detail, int64_t time_us)
{
	cleanup_buf struct buf f = { 0 };
	cbor_put_map(&f, detail.len ? 2 : 1);
	cbor_put_uint(&f, 0);
	cbor_put_uint(&f, what);
	if (detail.len) {
		cbor_put_uint(&f, 1);
		cbor_put_bytes(&f, detail.data, detail.len);
	}
	put_own(b, KIND_AGENT, time_us, &f);
}

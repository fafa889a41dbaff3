#include "sink/snapshot_roll.h"

#define STANDING_FIELDS 6
#define ROLL_FIELDS     5
#define TOKEN_FIELDS    5
#define LOG_FIELDS      5

void snapshot_get_fixed(struct cursor *c, void *out, size_t n)
{
	struct span s = cbor_bytes(c);
	if (c->err || s.len != n) {
		cursor_fail(c);
		return;
	}
	memcpy(out, s.data, n);
}

static void put_hash_or_null(struct buf *b, bool has, const struct hash *h)
{
	if (has)
		cbor_put_bytes(b, h->b, sizeof(h->b));
	else
		cbor_put_null(b);
}

static bool get_hash_or_null(struct cursor *c, struct hash *ret)
{
	if (cbor_null(c))
		return false;
	snapshot_get_fixed(c, ret->b, sizeof(ret->b));
	return true;
}

void snapshot_put_standing(struct buf *b, const struct standing *s)
{
	cbor_put_array(b, STANDING_FIELDS);
	cbor_put_uint(b, s->stated_s);
	put_hash_or_null(b, s->has_token, &s->token);
	cbor_put_bool(b, s->retired);
	cbor_put_bool(b, s->revoked);
	cbor_put_array(b, 2);
	cbor_put_uint(b, s->revoked_at.epoch);
	cbor_put_uint(b, s->revoked_at.size);
	cbor_put_uint(b, s->closed_epoch);
}

static uint32_t get_epoch(struct cursor *c)
{
	uint64_t epoch = cbor_uint(c);
	if (epoch > UINT32_MAX)
		cursor_fail(c);
	return (uint32_t)epoch;
}

void snapshot_get_standing(struct cursor *c, struct standing *ret)
{
	if (cbor_array(c) != STANDING_FIELDS)
		cursor_fail(c);
	ret->stated_s = cbor_uint(c);
	ret->has_token = get_hash_or_null(c, &ret->token);
	ret->retired = cbor_bool(c);
	ret->revoked = cbor_bool(c);
	if (cbor_array(c) != 2)
		cursor_fail(c);
	ret->revoked_at.epoch = get_epoch(c);
	ret->revoked_at.size = cbor_uint(c);
	ret->closed_epoch = get_epoch(c);
}

static void put_tokens(struct buf *b, const struct roll *l)
{
	cbor_put_array(b, l->token_count);
	for (size_t i = 0; i < l->token_count; i++) {
		const struct roll_token *t = &l->token[i];
		cbor_put_array(b, TOKEN_FIELDS);
		cbor_put_bytes(b, t->token.b, sizeof(t->token.b));
		cbor_put_uint(b, t->count);
		cbor_put_uint(b, t->used);
		cbor_put_uint(b, t->until_s);
		cbor_put_bytes(b, t->hosts, strlen(t->hosts));
	}
}

static void put_log(struct buf *b, const struct roll *l)
{
	if (!l->has_former) {
		cbor_put_null(b);
		return;
	}
	cbor_put_array(b, LOG_FIELDS);
	cbor_put_bytes(b, l->log.pub.b, sizeof(l->log.pub.b));
	cbor_put_bytes(b, l->former.pub.b, sizeof(l->former.pub.b));
	cbor_put_uint(b, l->log_index);
	cbor_put_uint(b, l->overlap_end_us);
	cbor_put_bytes(b, l->log_keys.data, l->log_keys.len);
}

void snapshot_put_roll(struct buf *b, const struct roll *l)
{
	cbor_put_array(b, ROLL_FIELDS);
	cbor_put_array(b, l->key_count);
	for (size_t i = 0; i < l->key_count; i++)
		cbor_put_bytes(b, l->key[i].b, sizeof(l->key[i].b));
	put_tokens(b, l);
	put_log(b, l);
	put_hash_or_null(b, l->has_next, &l->next);
	cbor_put_array(b, 2);
	cbor_put_uint(b, l->policy_s);
	cbor_put_bytes(b, l->policy.data, l->policy.len);
}

static int get_keys(struct cursor *c, struct roll *l)
{
	size_t n = cbor_array(c);
	for (size_t i = 0; i < n && !c->err; i++) {
		struct ed25519_public pub;
		snapshot_get_fixed(c, pub.b, sizeof(pub.b));
		int r = c->err ? 0 : roll_add_key(l, &pub);
		if (r < 0)
			return r;
	}
	return 0;
}

static int get_token(struct cursor *c, struct roll *l)
{
	struct roll_token t = { 0 };
	if (cbor_array(c) != TOKEN_FIELDS)
		cursor_fail(c);
	snapshot_get_fixed(c, t.token.b, sizeof(t.token.b));
	t.count = cbor_uint(c);
	t.used = cbor_uint(c);
	t.until_s = cbor_uint(c);
	struct span hosts = cbor_bytes(c);
	if (c->err || hosts.len > LINE_PATTERN_MAX)
		return -EBADMSG;
	memcpy(t.hosts, hosts.data, hosts.len);
	return roll_add_token(l, &t);
}

static int get_tokens(struct cursor *c, struct roll *l)
{
	size_t n = cbor_array(c);
	int r = 0;
	for (size_t i = 0; i < n && r == 0 && !c->err; i++)
		r = get_token(c, l);
	return r;
}

static int get_log(struct cursor *c, struct roll *l)
{
	struct ed25519_public now = { 0 }, former = { 0 };
	if (cbor_null(c))
		return 0;
	if (cbor_array(c) != LOG_FIELDS)
		cursor_fail(c);
	snapshot_get_fixed(c, now.b, sizeof(now.b));
	snapshot_get_fixed(c, former.b, sizeof(former.b));
	l->log_index = cbor_uint(c);
	l->overlap_end_us = cbor_uint(c);
	struct span statements = cbor_bytes(c);
	const char *name = l->genesis->log.name;
	if (c->err || key_make(name, KEY_TYPE_ED25519, &now, &l->log) < 0 ||
	    key_make(name, KEY_TYPE_ED25519, &former, &l->former) < 0)
		return -EBADMSG;
	struct succession known;
	if (succession_follow(l->genesis, statements, &known) < 0 || !key_equal(&known.log, &l->log))
		return -EBADMSG;
	l->has_former = true;
	l->log_key_count = known.count;
	buf_put(&l->log_keys, statements.data, statements.len);
	return buf_err(&l->log_keys);
}

int snapshot_get_roll(struct cursor *c, struct roll *l)
{
	if (cbor_array(c) != ROLL_FIELDS)
		cursor_fail(c);
	int r = get_keys(c, l);
	if (r == 0)
		r = get_tokens(c, l);
	if (r == 0)
		r = get_log(c, l);
	l->has_next = get_hash_or_null(c, &l->next);
	if (cbor_array(c) != 2)
		cursor_fail(c);
	l->policy_s = cbor_uint(c);
	struct span policy = cbor_bytes(c);
	if (r < 0 || c->err)
		return r < 0 ? r : -EBADMSG;
	buf_put(&l->policy, policy.data, policy.len);
	return buf_err(&l->policy);
}

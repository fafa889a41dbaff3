#include "evidence/seal.h"

#include "evidence/own.h"
#include "lib/cbor.h"

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
	own_put(b, KIND_EPOCH, time_us, &f);
}

static void get_head(struct cursor *c, struct epoch_head *h, bool size_required)
{
	own_expect_array(c, 3);
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
	own_get_hash(c, &h->root);
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
		own_expect_array(c, 3);
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
		own_get_exact(c, s->first_key.b, sizeof(s->first_key.b));
		break;
	case 5:
		s->fleet_vkey = cbor_bytes(c);
		break;
	case 6:
		own_get_hash(c, &s->certificate);
		break;
	case 7:
		s->has_token = true;
		own_get_hash(c, &s->token);
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
	if (e->kind != KIND_EPOCH || own_parse(e, get_epoch_field, &s, 0x273) < 0)
		return -EBADMSG;
	if (s.cause > EPOCH_REENROLLED || !ed25519_public_ok(&s.first_key))
		return -EBADMSG;
	*ret = s;
	return 0;
}

#include "evidence/seal.h"

#include "evidence/generation.h"
#include "evidence/own.h"
#include "lib/cbor.h"

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
		cbor_put_array(&f, s->fleet.generation > 1 ? 3 : 2);
		cbor_put_uint(&f, s->fleet.size);
		cbor_put_bytes(&f, s->fleet.root.b, sizeof(s->fleet.root.b));
		if (s->fleet.generation > 1)
			cbor_put_uint(&f, s->fleet.generation);
	}
	own_put(b, KIND_SEAL, time_us, &f);
}

static void get_clock(struct cursor *c, struct clock_base *k)
{
	own_expect_array(c, 4);
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
	own_expect_array(c, 5);
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
	size_t items = cbor_array(c);
	h->size = cbor_uint(c);
	own_get_hash(c, &h->root);
	h->generation = items == 3 ? cbor_uint(c) : 1;
	bool fits = items == 2 || (items == 3 && h->generation > 1);
	if (h->size == 0 || !fits || h->generation > GENERATION_MAX)
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
		own_get_exact(c, s->boot_id, sizeof(s->boot_id));
		break;
	case 3:
		get_clock(c, &s->clock);
		break;
	case 4:
		own_get_exact(c, s->next_key.b, sizeof(s->next_key.b));
		break;
	case 5:
		get_account(c, &s->account);
		break;
	case 6:
		get_high_water(c, &s->high_water);
		break;
	case 7:
		s->has_posture = true;
		own_get_hash(c, &s->posture);
		break;
	case 8:
		own_get_hash(c, &s->config);
		break;
	case 9:
		get_fleet_head(c, &s->fleet);
		break;
	default:
		cbor_skip(c);
		break;
	}
}

int seal_parse(const struct entry *e, struct seal *ret)
{
	struct seal s = { 0 };
	if (e->kind != KIND_SEAL || own_parse(e, get_seal_field, &s, 0x17f) < 0)
		return -EBADMSG;
	if (!ed25519_public_ok(&s.next_key))
		return -EBADMSG;
	*ret = s;
	return 0;
}

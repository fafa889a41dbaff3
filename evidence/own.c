#include "evidence/own.h"

#include "lib/cbor.h"

void own_put(struct buf *b, enum entry_kind kind, int64_t time_us, const struct buf *fields)
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

void own_get_exact(struct cursor *c, void *out, size_t n)
{
	struct span s = cbor_bytes(c);
	if (c->err || s.len != n) {
		cursor_fail(c);
		return;
	}
	memcpy(out, s.data, n);
}

void own_get_hash(struct cursor *c, struct hash *out)
{
	own_get_exact(c, out->b, sizeof(out->b));
}

void own_expect_array(struct cursor *c, size_t items)
{
	if (cbor_array(c) != items)
		cursor_fail(c);
}

int own_parse(const struct entry *e, void (*get)(struct cursor *c, uint64_t key, void *into), void *into,
              uint64_t required)
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

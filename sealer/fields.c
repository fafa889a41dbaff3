#include "sealer/fields.h"

#include "evidence/entry.h"
#include "lib/cbor.h"

struct extra {
	uint64_t key;
	uint64_t value;
};

static void put_extra(struct buf *b, const struct extra *e)
{
	cbor_put_uint(b, e->key);
	cbor_put_uint(b, e->value);
}

/* Merge two lists that are sorted by key. */
static int merge(struct buf *b, struct span map, const struct extra *extra, size_t extras)
{
	struct cursor c;
	int64_t prev = -1;
	size_t at = 0;
	cursor_init(&c, map.data, map.len);
	size_t n = cbor_map(&c);
	cbor_put_map(b, n + extras);
	for (; n > 0 && !c.err; n--) {
		const uint8_t *start = c.at;
		uint64_t key = cbor_key(&c, &prev);
		cbor_skip(&c);
		while (at < extras && extra[at].key < key)
			put_extra(b, &extra[at++]);
		if (c.err || (at < extras && extra[at].key == key))
			return -EBADMSG;
		buf_put(b, start, (size_t)(c.at - start));
	}
	while (at < extras)
		put_extra(b, &extra[at++]);
	return cursor_finish(&c) < 0 ? -EBADMSG : buf_err(b);
}

int fields_put_process(struct buf *b, struct span map, uint64_t parent, uint64_t previous)
{
	struct extra extra[2];
	size_t n = 0;
	static_assert(PROCESS_PARENT < PROCESS_PREVIOUS, "extras are in the order of their keys");
	if (parent != ENTRY_NO_PROCESS)
		extra[n++] = (struct extra){ PROCESS_PARENT, parent };
	if (previous != ENTRY_NO_PROCESS)
		extra[n++] = (struct extra){ PROCESS_PREVIOUS, previous };
	return merge(b, map, extra, n);
}

int fields_put_target(struct buf *b, struct span map, uint64_t target)
{
	struct extra extra = { SYSTEM_TARGET, target };
	return merge(b, map, &extra, target != ENTRY_NO_PROCESS);
}

int fields_put_one(struct buf *b, struct span map, uint64_t key, const char *value)
{
	struct cursor c;
	int64_t prev = -1;
	cursor_init(&c, map.data, map.len);
	size_t n = cbor_map(&c);
	const uint8_t *pairs = c.at, *split = c.at;
	for (size_t i = 0; i < n && !c.err; i++) {
		uint64_t other = cbor_key(&c, &prev);
		cbor_skip(&c);
		if (other == key)
			return -EBADMSG;
		if (other < key)
			split = c.at;
	}
	if (cursor_finish(&c) < 0)
		return -EBADMSG;
	cbor_put_map(b, n + 1);
	buf_put(b, pairs, (size_t)(split - pairs));
	cbor_put_uint(b, key);
	cbor_put_bytes(b, value, strlen(value));
	buf_put(b, split, (size_t)(c.end - split));
	return buf_err(b);
}

#include "cli/batch_leaves.h"

#include "evidence/tile.h"

void batch_leaves_done(struct batch_leaves *l)
{
	salter_free(l->salter);
	buf_done(&l->raw);
	buf_done(&l->entries);
	free(l->hash);
	*l = (struct batch_leaves){ 0 };
}

static int prepare(struct batch_leaves *l, const struct batch *b)
{
	buf_reset(&l->raw);
	buf_reset(&l->entries);
	l->count = 0;
	if (l->cap < b->count) {
		struct hash *grown = reallocarray(l->hash, b->count, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		l->hash = grown;
		l->cap = b->count;
	}
	int r = l->salter ? 0 : salter_new(&l->salter);
	if (r == 0)
		r = salter_start(l->salter, b->seed);
	return r < 0 ? r : batch_unpack(b, &l->raw);
}

static int add(struct batch_leaves *l, struct span body)
{
	uint8_t salt[ENTRY_SALT_BYTES];
	int r = salter_next(l->salter, salt);
	if (r < 0)
		return r;
	buf_put_u16be(&l->entries, (uint16_t)(sizeof(salt) + body.len));
	size_t at = l->entries.len;
	buf_put(&l->entries, salt, sizeof(salt));
	buf_put(&l->entries, body.data, body.len);
	if (buf_err(&l->entries))
		return buf_err(&l->entries);
	merkle_leaf((struct span){ l->entries.data + at, l->entries.len - at }, &l->hash[l->count++]);
	return 0;
}

int batch_leaves_read(struct batch_leaves *l, const struct batch *b)
{
	struct cursor c;
	struct span body;
	int r = prepare(l, b);
	cursor_init(&c, l->raw.data, l->raw.len);
	while (r == 0 && l->count < b->count && batch_next_body(&c, &body))
		r = add(l, body);
	if (r < 0)
		return r;
	return c.err || l->count != b->count || cursor_left(&c) > 0 ? -EBADMSG : 0;
}

struct cursor batch_leaves_entries(const struct batch_leaves *l)
{
	struct cursor c;
	cursor_init(&c, l->entries.data, l->entries.len);
	return c;
}

struct span batch_leaves_entry(const struct batch_leaves *l, uint32_t i)
{
	struct cursor c = batch_leaves_entries(l);
	struct span entry = { 0 };
	assert(i < l->count);
	for (uint32_t n = 0; n <= i; n++) {
		if (!tile_next_bundle_entry(&c, &entry))
			break;
	}
	return entry;
}

int leaf_parse(struct span leaf, struct entry *ret)
{
	if (leaf.len <= ENTRY_SALT_BYTES)
		return -EBADMSG;
	struct span body = { leaf.data + ENTRY_SALT_BYTES, leaf.len - ENTRY_SALT_BYTES };
	return entry_parse_body(body, ret);
}

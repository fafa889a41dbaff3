#include "cli/decode.h"

struct decoder {
	struct buf raw;
	struct actors *actors;
};

void decoder_free(struct decoder *d)
{
	if (!d)
		return;
	buf_done(&d->raw);
	actors_free(d->actors);
	free(d);
}

void decoder_freep(struct decoder **d)
{
	decoder_free(*d);
}

int decoder_new(struct decoder **ret)
{
	cleanup_decoder struct decoder *d = calloc(1, sizeof(*d));
	if (!d)
		return -ENOMEM;
	int r = actors_new(&d->actors);
	if (r == 0)
		*ret = TAKE_PTR(d);
	return r;
}

/* The clock base is in the last entry. */
static int find_seal(struct span raw, struct seal *ret)
{
	struct cursor c;
	struct span body = { 0 };
	struct entry e;
	cursor_init(&c, raw.data, raw.len);
	while (batch_next_body(&c, &body))
		;
	if (c.err || entry_parse_body(body, &e) < 0)
		return -EBADMSG;
	return seal_parse(&e, ret);
}

/* Times before 1970, or before boot, are nonsense that a hostile batch may hold. */
static uint64_t add(uint64_t base, int64_t offset)
{
	uint64_t sum;
	if (__builtin_add_overflow(base, offset, &sum))
		return offset < 0 ? 0 : UINT64_MAX;
	return sum;
}

static int decode_entry(struct decoder *d, const struct batch *b, const struct seal *seal, uint64_t index,
                        struct span body, decode_fn fn, void *ctx)
{
	struct entry entry;
	if (entry_parse_body(body, &entry) < 0)
		return 0;
	struct event e = {
		.origin = &b->origin,
		.index = index,
		.wall_us = add(seal->clock.wall_us, entry.time_us),
		.boot_us = add(seal->clock.boot_us, entry.time_us),
		.entry = &entry,
	};
	if (entry.process != ENTRY_NO_PROCESS)
		e.actor = actors_find(d->actors, &b->origin, entry.process);
	int r = fn(ctx, &e);
	actors_take(d->actors, &b->origin, index, &entry);
	return r;
}

int decode_batch(struct decoder *d, const struct batch *b, decode_fn fn, void *ctx, struct seal *ret)
{
	struct seal seal;
	buf_reset(&d->raw);
	int r = batch_unpack(b, &d->raw);
	if (r < 0)
		return r;
	struct span raw = { d->raw.data, d->raw.len };
	r = find_seal(raw, &seal);
	if (r < 0)
		return r;
	struct cursor c;
	struct span body;
	uint64_t index = b->first;
	cursor_init(&c, raw.data, raw.len);
	while (r == 0 && batch_next_body(&c, &body))
		r = decode_entry(d, b, &seal, index++, body, fn, ctx);
	if (ret)
		*ret = seal;
	return r;
}

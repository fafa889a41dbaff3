#include "collector/fields.h"

#define MAP_HEAD  0xa0
#define PAIRS_MAX 63
#define PAIRS_ONE 23 /* what fits into a head of one byte */
#define MAP_HEAD8 0xb8

void fields_begin(struct fields *f, struct buf *b)
{
	*f = (struct fields){ .b = b, .start = b->len, .last_key = -1 };
	buf_put_u8(b, MAP_HEAD);
}

void fields_key(struct fields *f, uint64_t key)
{
	if ((int64_t)key <= f->last_key || f->count == PAIRS_MAX)
		f->b->err = f->b->err ? f->b->err : -EINVAL;
	f->last_key = (int64_t)key;
	f->count++;
	cbor_put_uint(f->b, key);
}

void fields_uint(struct fields *f, uint64_t key, uint64_t value)
{
	fields_key(f, key);
	cbor_put_uint(f->b, value);
}

void fields_int(struct fields *f, uint64_t key, int64_t value)
{
	fields_key(f, key);
	cbor_put_int(f->b, value);
}

void fields_bytes(struct fields *f, uint64_t key, struct span value)
{
	fields_key(f, key);
	cbor_put_bytes(f->b, value.data, value.len);
}

void fields_uint_nonzero(struct fields *f, uint64_t key, uint64_t value)
{
	if (value)
		fields_uint(f, key, value);
}

/* The head is longer than what was left for it. */
static bool widen_head(struct fields *f)
{
	if (!buf_extend(f->b, 1))
		return false;
	uint8_t *head = f->b->data + f->start;
	memmove(head + 2, head + 1, f->b->len - f->start - 2);
	head[0] = MAP_HEAD8;
	head[1] = (uint8_t)f->count;
	return true;
}

struct span fields_end(struct fields *f)
{
	if (buf_err(f->b))
		return (struct span){ 0 };
	if (f->count <= PAIRS_ONE)
		f->b->data[f->start] = (uint8_t)(MAP_HEAD | f->count);
	else if (!widen_head(f))
		return (struct span){ 0 };
	return (struct span){ f->b->data + f->start, f->b->len - f->start };
}

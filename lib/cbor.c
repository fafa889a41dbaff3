#include "lib/cbor.h"

enum major {
	MAJOR_UINT = 0,
	MAJOR_NEGINT = 1,
	MAJOR_BYTES = 2,
	MAJOR_ARRAY = 4,
	MAJOR_MAP = 5,
	MAJOR_SIMPLE = 7
};

#define SIMPLE_FALSE 0xf4
#define SIMPLE_TRUE  0xf5
#define SIMPLE_NULL  0xf6

/* The least that an item of an array, and a pair of a map, can take. */
#define ARRAY_ITEM_BYTES 1
#define MAP_PAIR_BYTES   2

static void put_head(struct buf *b, enum major major, uint64_t v)
{
	uint8_t top = (uint8_t)(major << 5);
	if (v < 24) {
		buf_put_u8(b, (uint8_t)(top | v));
	} else if (v <= UINT8_MAX) {
		buf_put_u8(b, top | 24);
		buf_put_u8(b, (uint8_t)v);
	} else if (v <= UINT16_MAX) {
		buf_put_u8(b, top | 25);
		buf_put_u16be(b, (uint16_t)v);
	} else if (v <= UINT32_MAX) {
		buf_put_u8(b, top | 26);
		buf_put_u32be(b, (uint32_t)v);
	} else {
		buf_put_u8(b, top | 27);
		buf_put_u64be(b, v);
	}
}

void cbor_put_uint(struct buf *b, uint64_t v)
{
	put_head(b, MAJOR_UINT, v);
}

void cbor_put_int(struct buf *b, int64_t v)
{
	if (v >= 0)
		put_head(b, MAJOR_UINT, (uint64_t)v);
	else
		put_head(b, MAJOR_NEGINT, ~(uint64_t)v);
}

void cbor_put_bytes(struct buf *b, const void *p, size_t n)
{
	put_head(b, MAJOR_BYTES, n);
	buf_put(b, p, n);
}

void cbor_put_array(struct buf *b, size_t items)
{
	put_head(b, MAJOR_ARRAY, items);
}

void cbor_put_map(struct buf *b, size_t pairs)
{
	put_head(b, MAJOR_MAP, pairs);
}

void cbor_put_null(struct buf *b)
{
	buf_put_u8(b, SIMPLE_NULL);
}

void cbor_put_bool(struct buf *b, bool v)
{
	buf_put_u8(b, v ? SIMPLE_TRUE : SIMPLE_FALSE);
}

enum cbor_type cbor_peek(const struct cursor *c)
{
	static const uint8_t types[] = {
		[MAJOR_UINT] = CBOR_UINT, [MAJOR_NEGINT] = CBOR_NEGINT, [MAJOR_BYTES] = CBOR_BYTES,
		[3] = CBOR_NONE,          [MAJOR_ARRAY] = CBOR_ARRAY,   [MAJOR_MAP] = CBOR_MAP,
		[6] = CBOR_NONE,          [MAJOR_SIMPLE] = CBOR_NONE,
	};
	if (c->at == c->end)
		return CBOR_NONE;
	if (*c->at >> 5 != MAJOR_SIMPLE)
		return (enum cbor_type)types[*c->at >> 5];
	if (*c->at == SIMPLE_NULL)
		return CBOR_NULL;
	return *c->at == SIMPLE_FALSE || *c->at == SIMPLE_TRUE ? CBOR_BOOL : CBOR_NONE;
}

/* The argument of an initial byte that does not hold it itself, refused unless it is in its shortest form. */
static uint64_t get_long_argument(struct cursor *c, uint8_t initial)
{
	uint64_t v = 0, least = 1;
	switch (initial & 31) {
	case 24:
		v = cursor_u8(c);
		least = 24;
		break;
	case 25:
		v = cursor_u16be(c);
		least = (uint64_t)UINT8_MAX + 1;
		break;
	case 26:
		v = cursor_u32be(c);
		least = (uint64_t)UINT16_MAX + 1;
		break;
	case 27:
		v = cursor_u64be(c);
		least = (uint64_t)UINT32_MAX + 1;
		break;
	default:
		break;
	}
	if (v >= least)
		return v;
	cursor_fail(c);
	return 0;
}

static inline uint64_t get_argument(struct cursor *c, uint8_t initial)
{
	uint8_t v = initial & 31;
	return v < 24 ? v : get_long_argument(c, initial);
}

static inline uint64_t get_head(struct cursor *c, enum major major)
{
	uint8_t initial = cursor_u8(c);
	if (!c->err && initial >> 5 == (int)major)
		return get_argument(c, initial);
	cursor_fail(c);
	return 0;
}

uint64_t cbor_uint(struct cursor *c)
{
	return get_head(c, MAJOR_UINT);
}

int64_t cbor_int(struct cursor *c)
{
	bool negative = cbor_peek(c) == CBOR_NEGINT;
	uint64_t v = get_head(c, negative ? MAJOR_NEGINT : MAJOR_UINT);
	if (v > INT64_MAX) {
		cursor_fail(c);
		return 0;
	}
	return negative ? -1 - (int64_t)v : (int64_t)v;
}

struct span cbor_bytes(struct cursor *c)
{
	uint64_t n = get_head(c, MAJOR_BYTES);
	return cursor_bytes(c, n);
}

/* Never more than there are bytes left for. */
static inline size_t bound(struct cursor *c, uint64_t n, size_t bytes_each)
{
	if (n <= cursor_left(c) / bytes_each)
		return (size_t)n;
	cursor_fail(c);
	return 0;
}

size_t cbor_array(struct cursor *c)
{
	return bound(c, get_head(c, MAJOR_ARRAY), ARRAY_ITEM_BYTES);
}

size_t cbor_map(struct cursor *c)
{
	return bound(c, get_head(c, MAJOR_MAP), MAP_PAIR_BYTES);
}

bool cbor_null(struct cursor *c)
{
	if (cbor_peek(c) != CBOR_NULL)
		return false;
	c->at++;
	return true;
}

bool cbor_bool(struct cursor *c)
{
	if (cbor_peek(c) != CBOR_BOOL) {
		cursor_fail(c);
		return false;
	}
	return *c->at++ == SIMPLE_TRUE;
}

uint64_t cbor_key(struct cursor *c, int64_t *prev)
{
	uint64_t key = cbor_uint(c);
	if (key > INT64_MAX || (int64_t)key <= *prev) {
		cursor_fail(c);
		return 0;
	}
	*prev = (int64_t)key;
	return key;
}

static void skip(struct cursor *c, int depth);

static void skip_array(struct cursor *c, uint64_t items, int depth)
{
	if (depth > CBOR_MAX_DEPTH)
		cursor_fail(c);
	for (size_t n = bound(c, items, ARRAY_ITEM_BYTES); n > 0 && !c->err; n--)
		skip(c, depth + 1);
}

static void skip_map(struct cursor *c, uint64_t pairs, int depth)
{
	int64_t prev = -1;
	if (depth > CBOR_MAX_DEPTH)
		cursor_fail(c);
	for (size_t n = bound(c, pairs, MAP_PAIR_BYTES); n > 0 && !c->err; n--) {
		cbor_key(c, &prev);
		skip(c, depth + 1);
	}
}

static void skip(struct cursor *c, int depth)
{
	uint8_t initial = cursor_u8(c);
	switch (initial >> 5) {
	case MAJOR_UINT:
	case MAJOR_NEGINT:
		get_argument(c, initial);
		break;
	case MAJOR_BYTES:
		cursor_bytes(c, get_argument(c, initial));
		break;
	case MAJOR_ARRAY:
		skip_array(c, get_argument(c, initial), depth);
		break;
	case MAJOR_MAP:
		skip_map(c, get_argument(c, initial), depth);
		break;
	default:
		if (initial != SIMPLE_NULL && initial != SIMPLE_FALSE && initial != SIMPLE_TRUE)
			cursor_fail(c);
		break;
	}
}

void cbor_skip(struct cursor *c)
{
	skip(c, 1);
}

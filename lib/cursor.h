/* One bounds-checked reader over bytes from outside.
 *
 * The error is sticky: a read past the end, or of something malformed, sets `err` to -EBADMSG and yields
 * zeros from then on, so that a decoder is written straight down and checked before anything it read is used.
 */
#ifndef SWORNLOG_LIB_CURSOR_H
#define SWORNLOG_LIB_CURSOR_H

#include <endian.h>

#include "lib/base.h"

/* A run of bytes owned by somebody else. */
struct span {
	const uint8_t *data;
	size_t len;
};

/* A string's bytes, without the NUL. */
static inline struct span span_str(const char *s)
{
	return (struct span){ (const uint8_t *)s, strlen(s) };
}

struct cursor {
	const uint8_t *at;
	const uint8_t *end;
	int err; /* 0 or -EBADMSG */
};

void cursor_init(struct cursor *c, const void *data, size_t len);
static inline size_t cursor_left(const struct cursor *c)
{
	return (size_t)(c->end - c->at);
}
void cursor_fail(struct cursor *c);

/* These are inline because every field of every entry goes through them. */

/* The next n bytes, in place; { NULL, 0 } after an error. */
static inline struct span cursor_bytes(struct cursor *c, size_t n)
{
	/* After an error `at` is the end, so the error itself matters for n = 0 only. */
	if (cursor_left(c) < n || c->err) {
		cursor_fail(c);
		return (struct span){ 0 };
	}
	struct span s = { c->at, n };
	c->at += n;
	return s;
}

/* Leaves `out` alone after an error. */
static inline void cursor_copy(struct cursor *c, void *out, size_t n)
{
	struct span s = cursor_bytes(c, n);
	if (s.data)
		memcpy(out, s.data, n);
}

static inline uint8_t cursor_u8(struct cursor *c)
{
	uint8_t v = 0;
	cursor_copy(c, &v, sizeof(v));
	return v;
}

static inline uint16_t cursor_u16be(struct cursor *c)
{
	uint16_t v = 0;
	cursor_copy(c, &v, sizeof(v));
	return be16toh(v);
}

static inline uint32_t cursor_u32be(struct cursor *c)
{
	uint32_t v = 0;
	cursor_copy(c, &v, sizeof(v));
	return be32toh(v);
}

static inline uint64_t cursor_u64be(struct cursor *c)
{
	uint64_t v = 0;
	cursor_copy(c, &v, sizeof(v));
	return be64toh(v);
}

/* Up to the next newline, which is consumed and not returned; a missing newline is an error. */
struct span cursor_line(struct cursor *c);
/* 0, or -EBADMSG if anything failed or bytes are left over. */
must_check int cursor_finish(const struct cursor *c);

bool span_equal(struct span a, struct span b);
bool span_is(struct span a, const char *s);
bool span_starts(struct span a, const char *s);

#endif

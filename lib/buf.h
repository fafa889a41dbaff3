/* One growable byte buffer, for everything that is written or sent.
 *
 * The error is sticky: after a failed append every further one does nothing and buf_err() tells, so that an
 * encoder is written straight down and checked once at its end. A zeroed struct is an empty buffer.
 */
#ifndef SWORNLOG_LIB_BUF_H
#define SWORNLOG_LIB_BUF_H

#include <endian.h>

#include "lib/cursor.h"

struct buf {
	uint8_t *data;
	size_t len;
	size_t cap;
	int err; /* 0, -ENOMEM or -EMSGSIZE */
};

#define BUF_MAX_BYTES ((size_t)64 << 20) /* no buffer grows beyond this: -EMSGSIZE */

void buf_done(struct buf *b);
#define cleanup_buf cleanup(buf_done)

/* Empty the buffer and clear its error; the memory is kept. */
void buf_reset(struct buf *b);
/* Overwrite the bytes held with zeros, then empty the buffer: for secrets. */
void buf_wipe(struct buf *b);
/* 0, or the first error since the last reset. */
must_check int buf_err(const struct buf *b);

/* What it holds, in place: valid until the next append. */
static inline struct span buf_span(const struct buf *b)
{
	return (struct span){ b->data, b->len };
}

/* Make room for n more bytes; false after an error. */
must_check bool buf_grow(struct buf *b, size_t n);

/* These are inline because every field of every entry goes through them. */

/* Append n bytes and return where they start, to be filled by the caller; NULL after an error. Valid until
 * the next append. */
static inline uint8_t *buf_extend(struct buf *b, size_t n)
{
	if ((b->err || b->cap - b->len < n || !b->data) && !buf_grow(b, n))
		return NULL;
	uint8_t *at = b->data + b->len;
	b->len += n;
	return at;
}

/* `p` may be NULL when n is 0. */
static inline void buf_put(struct buf *b, const void *p, size_t n)
{
	uint8_t *at = n ? buf_extend(b, n) : NULL;
	if (at)
		memcpy(at, p, n);
}

static inline void buf_put_u8(struct buf *b, uint8_t v)
{
	buf_put(b, &v, sizeof(v));
}

static inline void buf_put_u16be(struct buf *b, uint16_t v)
{
	v = htobe16(v);
	buf_put(b, &v, sizeof(v));
}

static inline void buf_put_u32be(struct buf *b, uint32_t v)
{
	v = htobe32(v);
	buf_put(b, &v, sizeof(v));
}

static inline void buf_put_u64be(struct buf *b, uint64_t v)
{
	v = htobe64(v);
	buf_put(b, &v, sizeof(v));
}

void buf_put_str(struct buf *b, const char *s);
void buf_printf(struct buf *b, const char *fmt, ...) printf_like(2, 3);
/* Drop the first n bytes (n <= len). */
void buf_consume(struct buf *b, size_t n);

#endif

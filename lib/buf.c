#include "lib/buf.h"

#include <stdarg.h>
#include <stdio.h>

#include <openssl/crypto.h>

void buf_done(struct buf *b)
{
	free(b->data);
	*b = (struct buf){ 0 };
}

void buf_reset(struct buf *b)
{
	b->len = 0;
	b->err = 0;
}

void buf_wipe(struct buf *b)
{
	if (b->data)
		OPENSSL_cleanse(b->data, b->cap);
	buf_reset(b);
}

int buf_err(const struct buf *b)
{
	return b->err;
}

static bool reserve(struct buf *b, size_t n)
{
	if (b->err)
		return false;
	if (n > BUF_MAX_BYTES || b->len > BUF_MAX_BYTES - n) {
		b->err = -EMSGSIZE;
		return false;
	}
	if (b->data && b->cap - b->len >= n)
		return true;
	size_t cap = MAX(b->cap * 2, (size_t)256);
	cap = MAX(cap, b->len + n);
	uint8_t *grown = realloc(b->data, cap);
	if (!grown) {
		b->err = -ENOMEM;
		return false;
	}
	b->data = grown;
	b->cap = cap;
	return true;
}

uint8_t *buf_extend(struct buf *b, size_t n)
{
	if (!reserve(b, n))
		return NULL;
	uint8_t *at = b->data + b->len;
	b->len += n;
	return at;
}

void buf_put(struct buf *b, const void *p, size_t n)
{
	if (n == 0)
		return;
	uint8_t *at = buf_extend(b, n);
	if (at)
		memcpy(at, p, n);
}

void buf_put_str(struct buf *b, const char *s)
{
	buf_put(b, s, strlen(s));
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0 || !reserve(b, (size_t)n + 1))
		return;
	va_start(ap, fmt);
	vsnprintf((char *)b->data + b->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)n;
}

void buf_put_u8(struct buf *b, uint8_t v)
{
	buf_put(b, &v, 1);
}

static void put_be(struct buf *b, uint64_t v, size_t width)
{
	uint8_t *at = buf_extend(b, width);
	for (size_t i = 0; at && i < width; i++)
		at[i] = (uint8_t)(v >> (8 * (width - 1 - i)));
}

void buf_put_u16be(struct buf *b, uint16_t v)
{
	put_be(b, v, 2);
}

void buf_put_u32be(struct buf *b, uint32_t v)
{
	put_be(b, v, 4);
}

void buf_put_u64be(struct buf *b, uint64_t v)
{
	put_be(b, v, 8);
}

void buf_consume(struct buf *b, size_t n)
{
	assert(n <= b->len);
	if (n == 0)
		return;
	b->len -= n;
	if (b->len)
		memmove(b->data, b->data + n, b->len);
}

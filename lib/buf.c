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

bool buf_grow(struct buf *b, size_t n)
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
	cap = MIN(MAX(cap, b->len + n), BUF_MAX_BYTES); /* so that room within it is never too much */
	uint8_t *grown = realloc(b->data, cap);
	if (!grown) {
		b->err = -ENOMEM;
		return false;
	}
	b->data = grown;
	b->cap = cap;
	return true;
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
	if (n < 0 || !buf_grow(b, (size_t)n + 1))
		return;
	va_start(ap, fmt);
	vsnprintf((char *)b->data + b->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)n;
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

#include "lib/cursor.h"

void cursor_init(struct cursor *c, const void *data, size_t len)
{
	static const uint8_t nothing;
	const uint8_t *at = data ? data : &nothing;
	*c = (struct cursor){ .at = at, .end = at + len };
}

void cursor_fail(struct cursor *c)
{
	c->err = -EBADMSG;
	c->at = c->end;
}

struct span cursor_line(struct cursor *c)
{
	const uint8_t *nl = c->err ? NULL : memchr(c->at, '\n', cursor_left(c));
	if (!nl) {
		cursor_fail(c);
		return (struct span){ 0 };
	}
	struct span s = { c->at, (size_t)(nl - c->at) };
	c->at = nl + 1;
	return s;
}

int cursor_finish(const struct cursor *c)
{
	return c->err ? c->err : c->at == c->end ? 0 : -EBADMSG;
}

bool span_equal(struct span a, struct span b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

bool span_is(struct span a, const char *s)
{
	return span_equal(a, span_str(s));
}

bool span_starts(struct span a, const char *s)
{
	size_t n = strlen(s);
	return span_equal((struct span){ a.data, MIN(a.len, n) }, (struct span){ (const uint8_t *)s, n });
}

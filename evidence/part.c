#include "evidence/part.h"

#include "lib/text.h"

void part_put(struct buf *b, const char *word, struct span bytes)
{
	buf_printf(b, "%s %zu\n", word, bytes.len);
	buf_put(b, bytes.data, bytes.len);
}

struct span part_get(struct cursor *c, const char *word, size_t max)
{
	struct span rest;
	uint64_t n;
	struct span line = cursor_line(c);
	if (c->err || !span_is(text_split(line, ' ', &rest), word) || text_decimal(rest, &n) < 0 || n > max) {
		cursor_fail(c);
		return (struct span){ 0 };
	}
	return cursor_bytes(c, (size_t)n);
}

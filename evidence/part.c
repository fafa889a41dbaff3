#include "evidence/part.h"

#include "evidence/line.h"

void part_put(struct buf *b, const char *word, struct span bytes)
{
	buf_printf(b, "%s %zu\n", word, bytes.len);
	buf_put(b, bytes.data, bytes.len);
}

struct span part_get(struct cursor *c, const char *word, size_t max)
{
	uint64_t n = 0;
	line_number(c, line_get(c, word), &n);
	if (n > max)
		cursor_fail(c);
	return cursor_bytes(c, (size_t)n);
}

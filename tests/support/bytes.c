#include "tests/support/bytes.h"

#include <stdio.h>

void bytes_from_hex(const char *hex, void *ret, size_t n)
{
	uint8_t *at = ret;
	for (size_t i = 0; i < n; i++) {
		unsigned v;
		char two[3] = { hex[2 * i], hex[2 * i] ? hex[2 * i + 1] : '\0', '\0' };
		if (strlen(two) != 2 || sscanf(two, "%2x", &v) != 1)
			abort();
		at[i] = (uint8_t)v;
	}
	if (hex[2 * n])
		abort();
}

static void show(const char *what, struct span s)
{
	fprintf(stderr, "%s (%zu):", what, s.len);
	for (size_t i = 0; i < s.len && i < 256; i++)
		fprintf(stderr, " %02x", s.data[i]);
	fputc('\n', stderr);
}

bool bytes_equal(struct span got, struct span want)
{
	if (span_equal(got, want))
		return true;
	show("got ", got);
	show("want", want);
	return false;
}

#include "tests/support/test_data.h"

#include <stdio.h>

static void close_file(FILE **f)
{
	if (*f)
		fclose(*f);
}

bool test_data_read(const char *name, struct buf *ret)
{
	const char *folder = getenv("SWORNLOG_TEST_DATA");
	cleanup_buf struct buf path = { 0 };
	buf_printf(&path, "%s/%s", folder ? folder : "../shared/data", name);
	buf_put_u8(&path, 0);
	if (buf_err(&path) < 0)
		return false;
	cleanup(close_file) FILE *f = fopen((const char *)path.data, "re");
	if (!f) {
		fprintf(stderr, "  SKIP    no test data at %s\n", (const char *)path.data);
		return false;
	}
	uint8_t block[4096];
	size_t n;
	while ((n = fread(block, 1, sizeof(block), f)) > 0)
		buf_put(ret, block, n);
	return buf_err(ret) == 0 && !ferror(f);
}

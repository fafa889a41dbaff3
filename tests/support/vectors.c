#include "tests/support/vectors.h"

#include <fcntl.h>
#include <stdio.h>

#include "lib/file.h"
#include "tests/support/bytes.h"

static bool write_file(const char *path, struct span bytes)
{
	FILE *f = fopen(path, "we");
	return f && fwrite(bytes.data, 1, bytes.len, f) == bytes.len && fclose(f) == 0;
}

bool vector_is(const char *name, struct span want)
{
	char path[128];
	cleanup_buf struct buf have = { 0 };
	snprintf(path, sizeof(path), "docs/vectors/%s", name);
	if (getenv("SWORNLOG_WRITE_VECTORS"))
		return write_file(path, want);
	if (file_read(env_system(), AT_FDCWD, path, 1 << 20, &have) < 0) {
		fprintf(stderr, "%s can't be read: run from the root of the checkout\n", path);
		return false;
	}
	return bytes_equal(buf_span(&have), want);
}

/* Any bytes as a list of seals: what was taken is written back to the same bytes. */
#include "evidence/seals.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_buf struct buf scratch = { 0 }, b = { 0 };
	struct sealed_batch s;
	for (size_t at = 0; at < size;) {
		ssize_t n = seals_next((struct span){ data + at, size - at }, &scratch, &s);
		if (n <= 0)
			return n == 0 ? abort(), 0 : 0;
		buf_reset(&b);
		seals_put(&b, &s);
		if (buf_err(&b) || b.len != (size_t)n || memcmp(b.data, data + at, b.len) != 0)
			abort();
		at += (size_t)n;
	}
	return 0;
}

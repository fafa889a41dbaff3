/* Any bytes as evidence of a split view: what was taken is written back to the same bytes. */
#include "evidence/split_view.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct split_view v;
	cleanup_buf struct buf b = { 0 };
	if (split_view_parse((struct span){ data, size }, &v) < 0)
		return 0;
	split_view_put(&b, &v);
	if (buf_err(&b) || !span_equal((struct span){ b.data, b.len }, (struct span){ data, size }))
		abort();
	(void)split_view_check(&v);
	return 0;
}

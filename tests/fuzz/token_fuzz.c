/* Any bytes as a join token. */
#include "evidence/token.h"
#include "tests/support/bytes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct token t;
	if (token_parse((struct span){ data, size }, &t) < 0)
		return 0;
	/* What was taken has one text. */
	cleanup_buf struct buf again = { 0 };
	token_put(&again, &t);
	if (!span_equal(buf_span(&again), (struct span){ data, size }))
		abort();
	return 0;
}

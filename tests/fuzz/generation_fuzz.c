/* Any bytes as the detail of a *restored* entry, and as an origin: what parses is written back to the same
 * bytes. */
#include "evidence/generation.h"
#include "tests/support/host_log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = { data, size };
	struct restored r;
	struct signer log;
	struct key key;
	uint64_t generation;
	test_signer("acme/log", &log);
	if (generation_parse(in, &log.key, &generation) == 0 &&
	    (generation_key(&log.key, generation, &key) < 0 || !span_is(in, key.name)))
		abort();
	if (restored_parse(in, &log.key, &r) < 0)
		return 0;
	cleanup_buf struct buf b = { 0 };
	restored_put(&b, &log.key, &r);
	if (buf_err(&b) || !span_equal(in, (struct span){ b.data, b.len }))
		abort();
	return 0;
}

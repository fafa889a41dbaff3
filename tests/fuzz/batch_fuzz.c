/* Any bytes as a batch, and as one whose signatures are still missing: parsed within bounds, unpacked to
 * exactly what its header says. */
#include "evidence/chain.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void unpack_and_walk(const struct batch *b)
{
	cleanup_buf struct buf raw = { 0 };
	struct cursor c;
	struct span body;
	if (batch_unpack(b, &raw) < 0)
		return;
	if (raw.len != b->raw_len)
		abort();
	cursor_init(&c, raw.data, raw.len);
	while (batch_next_body(&c, &body)) {
		struct entry e;
		struct seal seal;
		struct epoch_start epoch;
		struct loss loss;
		if (entry_parse_body(body, &e) < 0)
			continue;
		if (seal_parse(&e, &seal) < 0 && epoch_parse(&e, &epoch) < 0 && loss_parse(&e, &loss) < 0)
			continue;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = { data, size };
	struct batch b;
	size_t signatures;
	if (batch_parse(in, &b) > 0) {
		static struct chain_scratch *scratch;
		struct chain chain;
		struct chain_result result;
		enum chain_verdict verdict;
		static const struct key nobody = { .name = "nobody", .type = KEY_TYPE_ED25519 };
		if (!scratch && chain_scratch_new(&scratch) < 0)
			abort();
		chain_init(&chain, &b.origin, &nobody);
		if (chain_check(&chain, &b, CHAIN_DEEP, scratch, &verdict, &result) < 0 ||
		    verdict == CHAIN_OK)
			abort();
		unpack_and_walk(&b);
	}
	if (batch_parse_unsigned(in, &b, &signatures) == 0)
		unpack_and_walk(&b);
	return batch_length(in) > (ssize_t)BATCH_MAX_BYTES ? -1 : 0;
}

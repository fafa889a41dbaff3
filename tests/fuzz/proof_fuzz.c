/* Any bytes as a proof file: what was taken is written back to the same bytes, and nothing is proven but what
 * the keys of the one fleet there is have signed. */
#include "evidence/proof.h"
#include "tests/support/bytes.h"
#include "tests/support/make_proof.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_steps(const struct proof *p)
{
	static struct made_proof made;
	static struct proof_facts facts;
	const char *why = NULL;
	if (!made.fleet.genesis_note.data)
		make_proof_init(&made, "acme", MADE_DIRECT);
	if (proof_check(p, buf_span(&made.fleet.genesis_note), &facts, &why) != PROOF_STEPS) {
		if (!why)
			abort();
		return;
	}
	if ((facts.fleet.size != 3 && facts.fleet.size != 4) ||
	    (facts.host.size != 4 && facts.host.size != 8))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct proof p;
	cleanup_buf struct buf scratch = { 0 }, b = { 0 };
	struct span in = { data, size };
	if (proof_parse(in, &scratch, &p) < 0)
		return 0;
	proof_put(&b, &p);
	if (buf_err(&b) || !span_equal((struct span){ b.data, b.len }, in))
		abort();
	try_steps(&p);
	return 0;
}

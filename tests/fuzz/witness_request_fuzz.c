/* Any bytes as a request to a witness, as its answers: what was taken is written back to the same bytes. */
#include "evidence/witness.h"
#include "tests/support/host_log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
	if (!ok)
		abort();
}

static void try_request(struct span in)
{
	cleanup_buf struct buf b = { 0 };
	struct witness_request r;
	if (witness_parse_request(in, &r) < 0)
		return;
	must(witness_put_request(&b, r.old_size, r.proof, r.proof_len, r.note) == 0);
	must(span_equal(in, (struct span){ b.data, b.len }));
}

static void try_size(struct span in)
{
	cleanup_buf struct buf b = { 0 };
	uint64_t size;
	if (witness_parse_size(in, &size) < 0)
		return;
	witness_put_size(&b, size);
	must(span_equal(in, (struct span){ b.data, b.len }));
}

/* Nobody but the witness makes its line: what is taken is the one of the seed. */
static void try_answer(struct span in)
{
	static struct signer w;
	static const char text[] = "acme/log\n1\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n";
	cleanup_buf struct buf line = { 0 };
	uint64_t time_s = 0;
	if (!w.key.type)
		test_cosigner("witness.example", &w);
	struct span t = { (const uint8_t *)text, strlen(text) };
	int r = witness_take_cosignature(in, t, &w.key, &line, &time_s);
	must(r == 0 ? time_s == 1795507200 : line.len == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = { data, size };
	try_request(in);
	try_size(in);
	try_answer(in);
	return 0;
}

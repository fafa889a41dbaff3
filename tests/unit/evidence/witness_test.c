#include "evidence/witness.h"

#include <criterion/criterion.h>

#include "evidence/cosignature.h"
#include "tests/support/bytes.h"
#include "tests/support/host_log.h"
#include "tests/support/test_data.h"

#define DASH       "\xe2\x80\x94 "
#define ROOT       "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define CHECKPOINT "acme/log\n5\n" ROOT "\n"
#define STRANGER   DASH "stranger QUFBQUE=\n"
#define TIME       1795507200

static int parse(struct span body)
{
	struct witness_request r = { .old_size = 77 };
	int e = witness_parse_request(body, &r);
	if (e < 0)
		cr_assert_eq(r.old_size, 77);
	return e;
}

Test(witness, a_request_is_read_as_it_was_written)
{
	struct hash proof[WITNESS_MAX_PROOF + 1];
	memset(proof, 0x5a, sizeof(proof));
	cleanup_buf struct buf b = { 0 };
	struct witness_request r;
	cr_assert_eq(witness_put_request(&b, INT64_MAX, proof, WITNESS_MAX_PROOF, TEXT("a\n\nb\n")), 0);
	cr_assert_eq(witness_parse_request(buf_span(&b), &r), 0);
	cr_assert_eq(r.old_size, INT64_MAX);
	cr_assert_eq(r.proof_len, WITNESS_MAX_PROOF);
	cr_assert(hash_equal(&r.proof[62], &proof[62]));
	cr_assert(span_is(r.note, "a\n\nb\n"));
	cr_assert_eq(witness_put_request(&b, 1, proof, WITNESS_MAX_PROOF + 1, TEXT("a\n")), -E2BIG);
}

Test(witness, the_body_has_the_form_that_is_published)
{
	cleanup_buf struct buf b = { 0 };
	struct hash h = { { 0 } };
	for (uint8_t i = 0; i < 32; i++)
		h.b[i] = i;
	cr_assert_eq(witness_put_request(&b, 20852014, &h, 1, TEXT("note\n")), 0);
	cr_assert(bytes_equal(buf_span(&b), TEXT("old 20852014\n" ROOT "\n\nnote\n")));
}

Test(witness, other_bodies_are_refused)
{
	static const char *const wrong[] = {
		"",
		"\n",
		"old 5",
		"old 5\n",
		"old 5\n\n",
		"old 5\n" ROOT "\n",
		"old 5\n" ROOT "\n\n",
		"old\n\nnote\n",
		"old \n\nnote\n",
		"old 05\n\nnote\n",
		"old -5\n\nnote\n",
		"old  5\n\nnote\n",
		"old 5 \n\nnote\n",
		"old 9223372036854775808\n\nnote\n",
		"new 5\n\nnote\n",
		"old 5\r\n\r\nnote\n",
		"old 5\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9=\n\nnote\n",
		"old 5\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\n\nnote\n",
		"old 5\n " ROOT "\n\nnote\n",
		"old 5\nAAAA\n\nnote\n",
	};
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		cr_expect_eq(parse(span_str(wrong[i])), -EBADMSG, "case %zu", i);
}

Test(witness, more_than_63_proof_lines_and_a_body_too_long_are_refused)
{
	cleanup_buf struct buf b = { 0 };
	buf_put_str(&b, "old 5\n");
	for (int i = 0; i <= WITNESS_MAX_PROOF; i++)
		buf_put_str(&b, ROOT "\n");
	buf_put_str(&b, "\nnote\n");
	cr_assert_eq(parse(buf_span(&b)), -EBADMSG);

	buf_reset(&b);
	buf_put_str(&b, "old 5\n\n");
	size_t rest = WITNESS_MAX_REQUEST - b.len;
	memset(buf_extend(&b, rest), 'x', rest);
	cr_assert_eq(parse(buf_span(&b)), 0);
	buf_put_u8(&b, 'x');
	cr_assert_eq(parse(buf_span(&b)), -EBADMSG);
}

static int take(const char *before, struct span text, const struct signer *w, const struct key *wanted,
                struct buf *ret)
{
	cleanup_buf struct buf body = { 0 };
	uint64_t time_s = 77;
	buf_put_str(&body, before);
	cr_assert_eq(cosignature_put(&body, text, TIME, w), 0);
	int r = witness_take_cosignature(buf_span(&body), TEXT(CHECKPOINT), wanted, ret, &time_s);
	cr_assert_eq(time_s, r == 0 ? TIME : 77);
	return r;
}

Test(witness, the_witness_s_line_is_taken_out_of_the_answer_verbatim)
{
	struct signer w;
	cleanup_buf struct buf line = { 0 }, want = { 0 };
	test_cosigner("witness.example", &w);
	cr_assert_eq(cosignature_put(&want, TEXT(CHECKPOINT), TIME, &w), 0);
	cr_assert_eq(take(STRANGER, TEXT(CHECKPOINT), &w, &w.key, &line), 0);
	cr_assert(bytes_equal(buf_span(&line), buf_span(&want)));
}

Test(witness, an_answer_without_a_good_line_of_the_witness_gives_none)
{
	struct signer w, other, plain;
	cleanup_buf struct buf line = { 0 };
	test_cosigner("witness.example", &w);
	test_cosigner("other.example", &other);
	test_signer("witness.example", &plain);
	cr_expect_eq(take("", TEXT(CHECKPOINT), &other, &w.key, &line), -ENOKEY);
	cr_expect_eq(take("", TEXT("acme/log\n6\n" ROOT "\n"), &w, &w.key, &line), -EBADMSG);
	cr_expect_eq(take("garbage\n", TEXT(CHECKPOINT), &w, &w.key, &line), -EBADMSG);
	cr_expect_eq(take("\n", TEXT(CHECKPOINT), &w, &w.key, &line), -EBADMSG);
	cr_expect_eq(take("more\n\n", TEXT(CHECKPOINT), &w, &w.key, &line), -EBADMSG);
	cr_expect_eq(take("", TEXT(CHECKPOINT), &w, &plain.key, &line), -EBADMSG);
	cr_assert_eq(line.len, 0);
	uint64_t t;
	cr_assert_eq(witness_take_cosignature((struct span){ 0 }, TEXT(CHECKPOINT), &w.key, &line, &t),
	             -EBADMSG);
}

Test(witness, an_answer_too_long_is_refused)
{
	struct signer w;
	cleanup_buf struct buf body = { 0 }, line = { 0 };
	uint64_t t;
	test_cosigner("witness.example", &w);
	cr_assert_eq(cosignature_put(&body, TEXT(CHECKPOINT), TIME, &w), 0);
	while (body.len <= WITNESS_MAX_RESPONSE)
		cr_assert_eq(cosignature_put(&body, TEXT(CHECKPOINT), TIME, &w), 0);
	cr_assert_eq(witness_take_cosignature(buf_span(&body), TEXT(CHECKPOINT), &w.key, &line, &t),
	             -EBADMSG);
}

Test(witness, a_size_is_a_decimal_and_a_newline)
{
	cleanup_buf struct buf b = { 0 };
	uint64_t size = 77;
	witness_put_size(&b, 20852014);
	cr_assert(bytes_equal(buf_span(&b), TEXT("20852014\n")));
	static const char *const wrong[] = { "", "\n", "5", "05\n", "5\n\n", "5 \n", "-5\n", "five\n" };
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		cr_expect_eq(witness_parse_size(span_str(wrong[i]), &size), -EBADMSG, "case %zu", i);
	cr_assert_eq(size, 77);
	cr_assert_eq(witness_parse_size(buf_span(&b), &size), 0);
	cr_assert_eq(size, 20852014);
}

/* The folder's name in the public data beside the checkout. */
Test(witness, a_log_s_folder_is_the_hash_of_its_origin)
{
	char hex[WITNESS_HEX_MAX + 1];
	witness_origin_hex(TEXT("rome2026h1.example.org"), hex);
	cr_assert_str_eq(hex, "000de184301123b9278c086a7d9f68c9577e83872224c197058fd90784ea9706");
}

#define MIRRORED "000de184301123b9278c086a7d9f68c9577e83872224c197058fd90784ea9706"

Test(witness, a_real_witness_s_line_is_taken_from_among_others)
{
	cleanup_buf struct buf b = { 0 }, line = { 0 };
	struct note n;
	struct key w;
	uint64_t time_s;
	if (!test_data_read("cosignature/witness/" MIRRORED "/checkpoint", &b))
		cr_skip_test("no public test data beside the checkout");
	cr_assert_eq(
	        key_parse(TEXT("witness.example.org+b8a2cf20+BFLN3yikSfFkVAJtrnh/CiY3Zozkoy7clp+P7XB28qUN"),
	                  &w),
	        0);
	cr_assert_eq(note_parse(buf_span(&b), &n), 0);
	cr_assert_eq(witness_take_cosignature(n.signatures, n.text, &w, &line, &time_s), 0);
	cr_assert_eq(time_s, 1767139200);
	cr_assert(span_starts(buf_span(&line), DASH "witness.example.org uKLPIAAAAABpVGeA"));
}

#include "evidence/cosignature.h"

#include <criterion/criterion.h>

#include "lib/text.h"
#include "tests/support/bytes.h"
#include "tests/support/host_log.h"

#define DASH       "\xe2\x80\x94 "
#define ROOT       "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define CHECKPOINT "acme/log\n5\n" ROOT "\n"
#define TIME       1795507200

/* "cosignature/v1\ntime 1795507200\n" || text, by hand. */
static void by_hand(struct buf *out, const char *text, uint64_t time, const struct signer *w)
{
	cleanup_buf struct buf message = { 0 }, blob = { 0 };
	uint8_t signature[64];
	buf_printf(&message, "cosignature/v1\ntime %llu\n%s", (unsigned long long)time, text);
	cr_assert_eq(ed25519_sign(&w->secret, buf_span(&message), signature), 0);
	buf_put(&blob, w->key.id, 4);
	buf_put_u64be(&blob, time);
	buf_put(&blob, signature, 64);
	buf_printf(out, DASH "%s ", w->key.name);
	text_put_base64(out, blob.data, blob.len);
	buf_put_str(out, "\n");
}

static void begin(struct buf *note, struct signer *log, struct signer *w)
{
	test_signer("acme/log", log);
	test_cosigner("witness.example", w);
	const struct signer *signers[] = { log };
	cr_assert_eq(note_put(note, TEXT(CHECKPOINT), signers, 1), 0);
}

static int verified(const struct buf *b, const struct signer *log, const struct signer *w, uint64_t *ret)
{
	struct key keys[] = { log->key, w->key };
	struct note n;
	cr_assert_eq(note_parse(buf_span(b), &n), 0);
	return note_verify(&n, keys, 2, ret);
}

Test(cosignature, it_is_over_the_time_and_the_text)
{
	struct signer log, w;
	cleanup_buf struct buf b = { 0 }, want = { 0 };
	uint64_t by;
	begin(&b, &log, &w);
	size_t before = b.len;
	cr_assert_eq(cosignature_put(&b, TEXT(CHECKPOINT), TIME, &w), 0);
	by_hand(&want, CHECKPOINT, TIME, &w);
	cr_assert(bytes_equal((struct span){ b.data + before, b.len - before }, buf_span(&want)));
	cr_assert_eq(verified(&b, &log, &w, &by), 0);
	cr_assert_eq(by, 3);
	struct note n;
	struct note_signature s;
	cr_assert_eq(note_parse(buf_span(&b), &n), 0);
	cr_assert(note_signature(&n, 1, &s));
	cr_assert_eq(cosignature_time(&s), TIME);
}

Test(cosignature, one_of_another_text_or_with_another_time_rejects_the_note)
{
	struct signer log, w;
	uint64_t by;
	for (int which = 0; which < 2; which++) {
		cleanup_buf struct buf b = { 0 }, line = { 0 }, blob = { 0 };
		begin(&b, &log, &w);
		cr_assert_eq(cosignature_put(&line,
		                             which ? TEXT(CHECKPOINT) : TEXT("acme/log\n6\n" ROOT "\n"), TIME,
		                             &w),
		             0);
		struct span base64 = { line.data + strlen(DASH "witness.example "),
			               line.len - strlen(DASH "witness.example \n") };
		cr_assert_eq(text_base64(base64, &blob), 0);
		blob.data[11] ^= (uint8_t)which;
		note_put_line(&b, w.key.name, buf_span(&blob));
		cr_assert_eq(verified(&b, &log, &w, &by), -EBADMSG, "case %d", which);
	}
}

Test(cosignature, a_plain_signature_under_the_witness_s_name_is_none)
{
	struct signer log, w;
	cleanup_buf struct buf b = { 0 };
	uint8_t blob[4 + 64];
	uint64_t by;
	begin(&b, &log, &w);
	memcpy(blob, w.key.id, 4);
	cr_assert_eq(ed25519_sign(&w.secret, TEXT(CHECKPOINT), blob + 4), 0);
	note_put_line(&b, w.key.name, (struct span){ blob, sizeof(blob) });
	cr_assert_eq(verified(&b, &log, &w, &by), -EBADMSG);
}

Test(cosignature, a_time_beyond_the_format_s_is_neither_signed_nor_taken)
{
	struct signer log, w;
	cleanup_buf struct buf b = { 0 };
	uint64_t by;
	begin(&b, &log, &w);
	size_t before = b.len;
	cr_assert_eq(cosignature_put(&b, TEXT(CHECKPOINT), (uint64_t)INT64_MAX + 1, &w), -EINVAL);
	cr_assert_eq(b.len, before);
	by_hand(&b, CHECKPOINT, (uint64_t)INT64_MAX + 1, &w);
	cr_assert_eq(verified(&b, &log, &w, &by), -EBADMSG);
	b.len = before;
	cr_assert_eq(cosignature_put(&b, TEXT(CHECKPOINT), INT64_MAX, &w), 0);
	cr_assert_eq(verified(&b, &log, &w, &by), 0);
}

Test(cosignature, a_log_s_key_makes_none)
{
	struct signer log;
	test_signer("acme/log", &log);
	cleanup_buf struct buf b = { 0 };
	cr_assert_eq(cosignature_put(&b, TEXT(CHECKPOINT), TIME, &log), -EINVAL);
	cr_assert_eq(b.len, 0);
}

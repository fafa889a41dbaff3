#include "evidence/note.h"

#include <criterion/criterion.h>

#include "tests/support/bytes.h"
#include "lib/text.h"
#include "tests/support/host_log.h"

#define DASH "\xe2\x80\x94 "
/* The example of the signed-note specification. */
#define FOO_VKEY "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
#define FOO_TEXT "This is an example message.\n"
#define FOO_LINE                                                                                             \
	DASH "example.com/foo "                                                                              \
	     "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1"              \
	     "Yu72IneyaQM=\n"
#define FOO_NOTE FOO_TEXT "\n" FOO_LINE

/* "QUFBQUE=" is five bytes: a key id and a signature of one byte, nobody's. */
#define STRANGER DASH "stranger QUFBQUE=\n"

static int parses(struct span bytes)
{
	struct note n = { .text = { NULL, 77 } };
	int r = note_parse(bytes, &n);
	if (r < 0)
		cr_assert_eq(n.text.len, 77);
	return r;
}

static int verifies(struct span bytes, const struct key *keys, size_t count, uint64_t *ret)
{
	struct note n;
	int r = note_parse(bytes, &n);
	return r < 0 ? r : note_verify(&n, keys, count, ret);
}

static struct key foo_key(void)
{
	struct key k;
	cr_assert_eq(key_parse(TEXT(FOO_VKEY), &k), 0);
	return k;
}

static void sign(struct buf *out, const char *text, const struct signer *a, const struct signer *b)
{
	const struct signer *signers[] = { a, b };
	cr_assert_eq(note_put(out, span_str(text), signers, b ? 2 : 1), 0);
}

Test(note, the_example_of_the_specification_verifies)
{
	struct key k = foo_key();
	uint64_t by = 77;
	cr_assert_eq(verifies(TEXT(FOO_NOTE), &k, 1, &by), 0);
	cr_assert_eq(by, 1);
	cr_assert_eq(verifies(TEXT("This is an example message?\n\n" FOO_LINE), &k, 1, &by), -EBADMSG);
}

Test(note, a_note_by_strangers_alone_is_rejected)
{
	struct key k = foo_key();
	uint64_t by = 77;
	cr_assert_eq(verifies(TEXT(FOO_TEXT "\n" STRANGER), &k, 1, &by), -ENOKEY);
	cr_assert_eq(by, 77);
}

Test(note, text_and_signature_lines_are_told_apart)
{
	struct note n;
	struct note_signature s;
	cr_assert_eq(note_parse(TEXT("a\n\nb\n\n" STRANGER DASH "other QUJDRERF\n"), &n), 0);
	cr_assert(bytes_equal(n.text, TEXT("a\n\nb\n")));
	cr_assert_eq(note_signature_count(&n), 2);
	cr_assert(note_signature(&n, 1, &s));
	cr_assert(span_is(s.name, "other"));
	cr_assert_eq(memcmp(s.id, "ABCD", 4), 0);
	cr_assert_eq(s.blob_len, 2);
	cr_assert_eq(memcmp(s.blob, "DE", 2), 0);
	cr_assert_not(note_signature(&n, 2, &s));
}

Test(note, other_forms_are_refused)
{
	static const char *const wrong[] = {
		"",
		"\n",
		"\n\n",
		"a",
		"a\n",
		"a\n\n",
		"a\n" STRANGER,
		"a\n\n" STRANGER "\n",
		"a\n\n" STRANGER "x\n",
		"a\n\n" DASH "stranger QUFBQUE=",
		"a\n\n" DASH "stranger QUFBQUE= \n",
		"a\n\n" DASH "stranger  QUFBQUE=\n",
		"a\n\n" DASH " QUFBQUE=\n",
		"a\n\n" DASH "stranger\n",
		"a\n\n" DASH "stranger \n",
		"a\n\n" DASH "stranger QUFBQQ==\n",
		"a\n\n" DASH "stranger QUFBQUE\n",
		"a\n\n" DASH "stranger QUFBQUF=\n",
		"a\n\n" DASH "str+nger QUFBQUE=\n",
		"a\n\n" DASH "str\xc2\xa0nger QUFBQUE=\n",
		"a\n\n" DASH "str\xe2\x80\x83nger QUFBQUE=\n",
		"a\n\n" DASH "str\xe3\x80\x80nger QUFBQUE=\n",
		"a\n\n\xe2\x80\x93 stranger QUFBQUE=\n",
		"a\n\n- stranger QUFBQUE=\n",
		"a\n\n\xe2\x80\x94stranger QUFBQUE=\n",
		"a\tb\n\n" STRANGER,
		"a\r\n\n" STRANGER,
		"a\xff\n\n" STRANGER,
		"a\xed\xa0\x80\n\n" STRANGER,
		"a\n\n" DASH "str\xffnger QUFBQUE=\n",
	};
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		cr_expect_eq(parses(span_str(wrong[i])), -EBADMSG, "case %zu", i);
	cr_assert_eq(parses((struct span){ (const uint8_t *)"a\0\n\n" STRANGER, 4 + strlen(STRANGER) }),
	             -EBADMSG);
	cr_assert_eq(parses((struct span){ 0 }), -EBADMSG);
}

Test(note, names_and_texts_may_hold_what_the_format_does_not_forbid)
{
	cr_assert_eq(parses(TEXT("\n\n" STRANGER)), 0);
	cr_assert_eq(parses(TEXT("caf\xc3\xa9 \xe2\x82\xac\n\n" STRANGER)), 0);
	cr_assert_eq(parses(TEXT("a\n\n" DASH "\xe2\x82\xac/\x7f QUFBQUE=\n")), 0);
}

Test(note, size_and_lines_are_bounded)
{
	cleanup_buf struct buf b = { 0 };
	size_t fixed = 2 + strlen(STRANGER);
	memset(buf_extend(&b, NOTE_MAX_BYTES - fixed), 'x', NOTE_MAX_BYTES - fixed);
	buf_put_str(&b, "\n\n" STRANGER);
	cr_assert_eq(parses(buf_span(&b)), 0);
	buf_reset(&b);
	memset(buf_extend(&b, NOTE_MAX_BYTES - fixed + 1), 'x', NOTE_MAX_BYTES - fixed + 1);
	buf_put_str(&b, "\n\n" STRANGER);
	cr_assert_eq(parses(buf_span(&b)), -EBADMSG);

	buf_reset(&b);
	buf_put_str(&b, "a\n\n");
	for (int i = 0; i < NOTE_MAX_SIGNATURES; i++)
		buf_put_str(&b, STRANGER);
	cr_assert_eq(parses(buf_span(&b)), 0);
	buf_put_str(&b, STRANGER);
	cr_assert_eq(parses(buf_span(&b)), -EBADMSG);
}

Test(note, a_long_signature_is_carried_as_unknown_and_checked_to_its_end)
{
	cleanup_buf struct buf b = { 0 };
	uint8_t big[3000];
	memset(big, 0x5a, sizeof(big));
	buf_put_str(&b, "a\n\n" DASH "quantum ");
	text_put_base64(&b, big, sizeof(big));
	buf_put_str(&b, "\n");
	struct note n;
	struct note_signature s;
	cr_assert_eq(note_parse(buf_span(&b), &n), 0);
	cr_assert(note_signature(&n, 0, &s));
	cr_assert_eq(s.blob_len, 2996);
	cr_assert_eq(s.blob[75], 0x5a);
	b.data[b.len - 2] = '*';
	cr_assert_eq(parses(buf_span(&b)), -EBADMSG);
}

Test(note, what_is_signed_verifies_and_has_the_length_foretold)
{
	struct signer a;
	test_signer("acme/log", &a);
	cleanup_buf struct buf b = { 0 };
	sign(&b, "text\n", &a, NULL);
	uint64_t by;
	cr_assert_eq(verifies(buf_span(&b), &a.key, 1, &by), 0);
	cr_assert_eq(by, 1);
	cr_assert_eq(b.len, strlen("text\n\n") + note_signature_bytes("acme/log"));
	cr_assert(span_starts(buf_span(&b), "text\n\n" DASH "acme/log "));
}

Test(note, every_flipped_bit_of_a_signed_note_is_refused)
{
	struct signer a;
	test_signer("acme/log", &a);
	cleanup_buf struct buf b = { 0 };
	sign(&b, "text of a note\n", &a, NULL);
	for (size_t bit = 0; bit < b.len * 8; bit++) {
		uint64_t by;
		b.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		cr_assert_lt(verifies(buf_span(&b), &a.key, 1, &by), 0, "bit %zu", bit);
		b.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

Test(note, unknown_lines_are_passed_over_and_known_ones_must_verify)
{
	struct signer a, c;
	test_signer("acme/log", &a);
	test_signer("acme/admin/ada", &c);
	struct key keys[] = { a.key, c.key };
	cleanup_buf struct buf b = { 0 };
	uint64_t by;
	sign(&b, "text\n", &a, NULL);
	size_t one = b.len;
	buf_put_str(&b, STRANGER);
	cr_assert_eq(note_put_signature(&b, TEXT("text\n"), &c), 0);
	cr_assert_eq(verifies(buf_span(&b), keys, 2, &by), 0);
	cr_assert_eq(by, 3);
	cr_assert_eq(verifies(buf_span(&b), &keys[1], 1, &by), 0);
	cr_assert_eq(by, 1);
	cr_assert_eq(verifies(buf_span(&b), keys, 0, &by), -ENOKEY);

	b.len = one;
	cr_assert_eq(note_put_signature(&b, TEXT("other text\n"), &c), 0);
	cr_assert_eq(verifies(buf_span(&b), keys, 2, &by), -EBADMSG);
	cr_assert_eq(verifies(buf_span(&b), keys, 1, &by), 0);
}

Test(note, a_second_line_of_one_key_is_passed_over_but_the_first_counts)
{
	struct signer a;
	test_signer("acme/log", &a);
	cleanup_buf struct buf good = { 0 }, bad = { 0 };
	uint64_t by;
	sign(&good, "text\n", &a, NULL);
	cr_assert_eq(note_put_signature(&good, TEXT("other\n"), &a), 0);
	cr_assert_eq(verifies(buf_span(&good), &a.key, 1, &by), 0);

	buf_put_str(&bad, "text\n\n");
	cr_assert_eq(note_put_signature(&bad, TEXT("other\n"), &a), 0);
	cr_assert_eq(note_put_signature(&bad, TEXT("text\n"), &a), 0);
	cr_assert_eq(verifies(buf_span(&bad), &a.key, 1, &by), -EBADMSG);
}

Test(note, a_line_under_a_known_name_with_another_id_is_a_stranger_s)
{
	struct signer a, b;
	test_signer("acme/log", &a);
	test_signer("acme/lag", &b);
	cr_assert_eq(key_make("acme/log", KEY_TYPE_ED25519, &b.secret.public_key, &b.key), 0);
	cleanup_buf struct buf n = { 0 };
	uint64_t by;
	sign(&n, "text\n", &b, NULL);
	cr_assert_eq(verifies(buf_span(&n), &a.key, 1, &by), -ENOKEY);
}

Test(note, a_signature_longer_than_ed25519_does_not_verify)
{
	struct signer a;
	test_signer("acme/log", &a);
	uint8_t blob[4 + 64 + 1] = { 0 };
	memcpy(blob, a.key.id, 4);
	cr_assert_eq(ed25519_sign(&a.secret, TEXT("text\n"), blob + 4), 0);
	cleanup_buf struct buf n = { 0 };
	buf_put_str(&n, "text\n\n" DASH "acme/log ");
	text_put_base64(&n, blob, sizeof(blob));
	buf_put_str(&n, "\n");
	uint64_t by;
	cr_assert_eq(verifies(buf_span(&n), &a.key, 1, &by), -EBADMSG);
}

Test(note, a_key_for_cosignatures_signs_no_note)
{
	struct signer w;
	test_cosigner("witness.example", &w);
	cleanup_buf struct buf b = { 0 };
	cr_assert_eq(note_put_signature(&b, TEXT("text\n"), &w), -EINVAL);
	cr_assert_eq(b.len, 0);
}

Test(note, more_keys_than_there_are_bits_are_refused)
{
	struct key keys[65];
	for (size_t i = 0; i < 65; i++)
		keys[i] = foo_key();
	uint64_t by;
	cr_assert_eq(verifies(TEXT(FOO_TEXT "\n" STRANGER), keys, 65, &by), -EINVAL);
	cr_assert_eq(verifies(TEXT(FOO_TEXT "\n" STRANGER), keys, 64, &by), -ENOKEY);
}

Test(note, a_line_is_a_key_s_own_only_at_its_place)
{
	struct signer a, c;
	test_signer("acme/log", &a);
	test_signer("acme/admin/ada", &c);
	cleanup_buf struct buf b = { 0 };
	sign(&b, "text\n", &a, &c);
	struct note n;
	cr_assert_eq(note_parse(buf_span(&b), &n), 0);
	cr_assert(note_signed_by(&n, 0, &a.key));
	cr_assert(note_signed_by(&n, 1, &c.key));
	cr_assert_not(note_signed_by(&n, 0, &c.key));
	cr_assert_not(note_signed_by(&n, 1, &a.key));
	cr_assert_not(note_signed_by(&n, 2, &a.key));
}

#define ROOT "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

Test(checkpoint, the_text_is_three_lines)
{
	struct hash root;
	for (uint8_t i = 0; i < 32; i++)
		root.b[i] = i;
	cleanup_buf struct buf b = { 0 };
	checkpoint_put_text(&b, "acme/log", INT64_MAX, &root);
	cr_assert(bytes_equal(buf_span(&b), TEXT("acme/log\n9223372036854775807\n" ROOT "\n")));
	struct checkpoint p;
	cr_assert_eq(checkpoint_parse(buf_span(&b), &p), 0);
	cr_assert(span_is(p.origin, "acme/log"));
	cr_assert_eq(p.size, INT64_MAX);
	cr_assert(hash_equal(&p.root, &root));
}

Test(checkpoint, the_longest_text_is_within_the_bound)
{
	char name[KEY_NAME_MAX + 1];
	memset(name, 'n', KEY_NAME_MAX);
	name[KEY_NAME_MAX] = '\0';
	struct hash root = { 0 };
	cleanup_buf struct buf b = { 0 };
	checkpoint_put_text(&b, name, INT64_MAX, &root);
	cr_assert_eq(b.len, CHECKPOINT_TEXT_MAX);
}

Test(checkpoint, any_other_text_is_refused)
{
	static const char *const wrong[] = {
		"",
		"acme/log\n1\n",
		"acme/log\n1\n" ROOT,
		"\n1\n" ROOT "\n",
		"acme/log\n\n" ROOT "\n",
		"acme/log\n01\n" ROOT "\n",
		"acme/log\n-1\n" ROOT "\n",
		"acme/log\n1 \n" ROOT "\n",
		"acme/log\n9223372036854775808\n" ROOT "\n",
		"acme/log\n1\n" ROOT "\nextension\n",
		"acme/log\n1\n" ROOT "\n\n",
		"acme/log\n1\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9=\n",
		"acme/log\n1\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\n",
		"acme/log\n1\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g\n",
		"acme/log\n1\n000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n",
	};
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct checkpoint p = { .size = 77 };
		cr_expect_eq(checkpoint_parse(span_str(wrong[i]), &p), -EBADMSG, "case %zu", i);
		cr_assert_eq(p.size, 77);
	}
}

static int fleet_verdict(const struct buf *b, const struct key *log, bool exact)
{
	struct checkpoint p = { .size = 77 };
	int r = checkpoint_verify_fleet(buf_span(b), log, exact, &p);
	cr_assert_eq(p.size, r == 0 ? 5 : 77);
	return r;
}

Test(checkpoint, a_fleet_checkpoint_has_the_log_s_line_first)
{
	struct signer log, other;
	test_signer("acme/log", &log);
	test_signer("witness.example", &other);
	cleanup_buf struct buf alone = { 0 }, first = { 0 }, second = { 0 }, foreign = { 0 };
	const char *text = "acme/log\n5\n" ROOT "\n";
	sign(&alone, text, &log, NULL);
	sign(&first, text, &log, &other);
	sign(&second, text, &other, &log);
	sign(&foreign, text, &other, NULL);
	cr_assert_eq(fleet_verdict(&alone, &log.key, true), 0);
	cr_assert_eq(fleet_verdict(&alone, &log.key, false), 0);
	cr_assert_eq(fleet_verdict(&first, &log.key, false), 0);
	cr_assert_eq(fleet_verdict(&first, &log.key, true), -EBADMSG);
	cr_assert_eq(fleet_verdict(&second, &log.key, false), -ENOKEY);
	cr_assert_eq(fleet_verdict(&foreign, &log.key, true), -ENOKEY);
}

Test(checkpoint, another_origin_or_text_is_no_fleet_checkpoint)
{
	struct signer log;
	test_signer("acme/log", &log);
	cleanup_buf struct buf origin = { 0 }, longer = { 0 };
	sign(&origin, "acme/lag\n5\n" ROOT "\n", &log, NULL);
	sign(&longer, "acme/log\n5\n" ROOT "\nmore\n", &log, NULL);
	cr_assert_eq(fleet_verdict(&origin, &log.key, true), -EBADMSG);
	cr_assert_eq(fleet_verdict(&longer, &log.key, true), -EBADMSG);
}

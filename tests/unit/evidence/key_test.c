#include "evidence/key.h"

#include <criterion/criterion.h>

#include "tests/support/bytes.h"
#include "tests/support/fault_env.h"

/* From the signed-note specification, and two that others published. */
#define EXAMPLE      "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
#define TESSERA_VKEY "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx"
#define TESSERA_PRIVATE                                                                                      \
	"PRIVATE+KEY+example.com/log/testdata+33d7b496+AeymY/SZAX0jZcJ8enZ5FY1Dz+wTML2yWSkK+9DSF3eg"
#define WITNESS "witness.example.org+b8a2cf20+BFLN3yikSfFkVAJtrnh/CiY3Zozkoy7clp+P7XB28qUN"

static bool writes_back(const char *vkey)
{
	struct key k;
	cleanup_buf struct buf b = { 0 };
	if (key_parse(span_str(vkey), &k) < 0)
		return false;
	key_put(&b, &k);
	return bytes_equal(buf_span(&b), span_str(vkey));
}

Test(key, published_keys_parse_and_are_written_back)
{
	cr_assert(writes_back(EXAMPLE));
	cr_assert(writes_back(TESSERA_VKEY));
	cr_assert(writes_back(WITNESS));
	struct key k;
	cr_assert_eq(key_parse(TEXT(EXAMPLE), &k), 0);
	cr_assert_str_eq(k.name, "example.com/foo");
	cr_assert_eq(k.type, KEY_TYPE_ED25519);
	cr_assert_eq(memcmp(k.id, "\x53\x0d\x90\x3a", 4), 0);
	cr_assert_eq(k.pub.b[0], 0xe9);
	cr_assert_eq(key_parse(TEXT(WITNESS), &k), 0);
	cr_assert_eq(k.type, KEY_TYPE_COSIGNATURE);
}

Test(key, any_flipped_bit_of_a_vkey_is_another_key_or_none)
{
	char text[] = EXAMPLE;
	struct key was;
	cr_assert_eq(key_parse(span_str(text), &was), 0);
	for (size_t bit = 0; bit < strlen(EXAMPLE) * 8; bit++) {
		struct key k = { .type = 77 };
		text[bit / 8] ^= (char)(1 << bit % 8);
		int r = key_parse((struct span){ (uint8_t *)text, strlen(EXAMPLE) }, &k);
		cr_assert(r == -EBADMSG || r == -EKEYREJECTED, "bit %zu: %d", bit, r);
		cr_assert_eq(k.type, 77);
		text[bit / 8] ^= (char)(1 << bit % 8);
	}
}

Test(key, other_forms_of_a_vkey_are_refused)
{
	static const char *const wrong[] = {
		"",
		"+",
		"++",
		"name",
		"example.com/foo+530d903a",
		"example.com/foo+530d903a+",
		"+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
		"example.com/foo+530D903A+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
		"example.com/foo+0530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
		"example.com/foo+530d903b+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
		"example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k\n",
		"example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U0=",
		"example.com/foo+530d903a+ekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2kA",
		"example.com/foo 530d903a AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
		" " EXAMPLE,
		EXAMPLE "+x",
		TESSERA_PRIVATE,
	};
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct key k = { .type = 77 };
		cr_expect_eq(key_parse(span_str(wrong[i]), &k), -EBADMSG, "%s", wrong[i]);
		cr_assert_eq(k.type, 77);
	}
}

static struct ed25519_public some_public(void)
{
	struct key k;
	cr_assert_eq(key_parse(TEXT(EXAMPLE), &k), 0);
	return k.pub;
}

Test(key, a_name_with_space_plus_control_or_too_many_bytes_is_unusable)
{
	struct ed25519_public pub = some_public();
	char longest[KEY_NAME_MAX + 2];
	memset(longest, 'n', sizeof(longest));
	longest[KEY_NAME_MAX + 1] = '\0';
	const char *wrong[] = { "", "a b", "a+b", "a\nb", "a\tb", "\x7f", "caf\xc3\xa9", longest };
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct key k = { .type = 77 };
		cr_expect_eq(key_make(wrong[i], KEY_TYPE_ED25519, &pub, &k), -EINVAL, "%s", wrong[i]);
		cr_assert_eq(k.type, 77);
	}
	longest[KEY_NAME_MAX] = '\0';
	struct key k;
	cr_assert_eq(key_make(longest, KEY_TYPE_ED25519, &pub, &k), 0);
	cleanup_buf struct buf b = { 0 };
	key_put(&b, &k);
	cr_assert_leq(b.len, KEY_TEXT_MAX);
	struct key back;
	cr_assert_eq(key_parse(buf_span(&b), &back), 0);
	cr_assert(key_equal(&k, &back));
}

Test(key, a_point_of_small_order_is_rejected_by_name)
{
	struct ed25519_public zero = { 0 };
	struct key k = { .type = 77 };
	cr_assert_eq(key_make("name", KEY_TYPE_ED25519, &zero, &k), -EKEYREJECTED);
	/* A vkey of the identity point, its id right. */
	cr_assert_eq(key_parse(TEXT("name+00000000+AQEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), &k),
	             -EKEYREJECTED);
	cr_assert_eq(k.type, 77);
}

Test(key, an_unknown_type_of_key_is_refused)
{
	struct ed25519_public pub = some_public();
	static const uint8_t types[] = { 0x00, 0x02, 0x03, 0x05, 0x06, 0xff };
	for (size_t i = 0; i < sizeof(types); i++) {
		struct key k, back;
		cleanup_buf struct buf b = { 0 };
		cr_assert_eq(key_make("name", types[i], &pub, &k), 0);
		key_put(&b, &k);
		cr_assert_eq(key_parse(buf_span(&b), &back), -EBADMSG, "type %d", types[i]);
	}
}

Test(key, keys_are_equal_by_name_type_and_point)
{
	struct key a, b;
	cr_assert_eq(key_parse(TEXT(EXAMPLE), &a), 0);
	b = a;
	cr_assert(key_equal(&a, &b));
	b.type = KEY_TYPE_COSIGNATURE;
	cr_assert_not(key_equal(&a, &b));
	b = a;
	b.name[0] = 'E';
	cr_assert_not(key_equal(&a, &b));
	b = a;
	b.pub.b[31] ^= 1;
	cr_assert_not(key_equal(&a, &b));
}

Test(key, the_same_point_under_another_name_or_type_has_another_id)
{
	struct ed25519_public pub = some_public();
	struct key a, b, c;
	cr_assert_eq(key_make("a", KEY_TYPE_ED25519, &pub, &a), 0);
	cr_assert_eq(key_make("b", KEY_TYPE_ED25519, &pub, &b), 0);
	cr_assert_eq(key_make("a", KEY_TYPE_COSIGNATURE, &pub, &c), 0);
	cr_assert_neq(memcmp(a.id, b.id, 4), 0);
	cr_assert_neq(memcmp(a.id, c.id, 4), 0);
}

Test(signer, a_published_private_key_yields_its_vkey_and_is_written_back)
{
	struct signer s;
	cr_assert_eq(signer_parse(TEXT(TESSERA_PRIVATE), &s), 0);
	cleanup_buf struct buf vkey = { 0 }, text = { 0 };
	key_put(&vkey, &s.key);
	cr_assert(bytes_equal(buf_span(&vkey), TEXT(TESSERA_VKEY)));
	signer_put(&text, &s);
	cr_assert(bytes_equal(buf_span(&text), TEXT(TESSERA_PRIVATE)));
	signer_wipe(&s);
	static const struct signer zero;
	cr_assert_eq(memcmp(&s, &zero, sizeof(s)), 0);
}

Test(signer, a_damaged_private_key_is_refused)
{
	static const char *const wrong[] = {
		"",
		"PRIVATE+KEY+",
		EXAMPLE,
		"PRIVATE+KEY+example.com/log/testdata+33d7b497+AeymY/SZAX0jZcJ8enZ5FY1Dz+wTML2yWSkK+9DSF3eg",
		"PRIVATE+KEY+example.com/log/testdatb+33d7b496+AeymY/SZAX0jZcJ8enZ5FY1Dz+wTML2yWSkK+9DSF3eg",
		"PRIVATE+KEY+example.com/log/testdata+33d7b496+AuymY/SZAX0jZcJ8enZ5FY1Dz+wTML2yWSkK+9DSF3eg",
		"PRIVATE+KEY+example.com/log/testdata+33d7b496+AeymY/SZAX0jZcJ8enZ5FY1Dz+wTML2yWSkK+9DSF3eh",
		"PRIVATE+KEY+example.com/log/testdata+33d7b496+AeymY",
		"private+key+example.com/log/testdata+33d7b496+AeymY/SZAX0jZcJ8enZ5FY1Dz+wTML2yWSkK+9DSF3eg"
	};
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct signer s = { .key = { .type = 77 } };
		cr_expect_eq(signer_parse(span_str(wrong[i]), &s), -EBADMSG, "%s", wrong[i]);
		cr_assert_eq(s.key.type, 77);
	}
}

Test(signer, a_generated_one_reads_back_as_itself)
{
	struct signer s, back;
	cr_assert_eq(signer_generate(env_system(), "acme/host/web1", &s), 0);
	cleanup_buf struct buf text = { 0 };
	signer_put(&text, &s);
	cr_assert_eq(signer_parse(buf_span(&text), &back), 0);
	cr_assert_eq(memcmp(&s.secret, &back.secret, sizeof(s.secret)), 0);
	cr_assert(key_equal(&s.key, &back.key));
}

Test(signer, without_random_bytes_or_a_usable_name_there_is_none)
{
	cleanup_fault_env struct env *env = fault_env_new();
	struct signer s = { .key = { .type = 77 } };
	fault_env_fail(env, FAULT_RANDOM, 1, -EIO);
	cr_assert_eq(signer_generate(env, "acme/log", &s), -EIO);
	cr_assert_eq(signer_generate(env, "acme log", &s), -EINVAL);
	cr_assert_eq(s.key.type, 77);
}

Test(key, a_cosigner_s_key_is_no_signer_s_and_the_other_way_round)
{
	struct signer signer, cosigner, back;
	cleanup_buf struct buf one = { 0 }, other = { 0 };
	cr_assert_eq(signer_generate(env_system(), "acme/log", &signer), 0);
	cr_assert_eq(cosigner_generate(env_system(), "witness.example", &cosigner), 0);
	cr_assert_eq(cosigner.key.type, KEY_TYPE_COSIGNATURE);
	signer_put(&one, &signer);
	signer_put(&other, &cosigner);
	cr_assert_eq(signer_parse(buf_span(&one), &back), 0);
	cr_assert_eq(signer_parse(buf_span(&other), &back), -EBADMSG);
	cr_assert_eq(cosigner_parse(buf_span(&one), &back), -EBADMSG);
	cr_assert_eq(cosigner_parse(buf_span(&other), &back), 0);
	cr_assert(key_equal(&back.key, &cosigner.key));
}

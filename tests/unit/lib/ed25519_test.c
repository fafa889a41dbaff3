#include "lib/ed25519.h"

#include <criterion/criterion.h>
#include <jansson.h>

#include "tests/support/bytes.h"
#include "tests/support/fault_env.h"
#include "tests/support/test_data.h"

/* RFC 8032 section 7.1, tests 1 to 3. */
static const struct {
	const char *seed, *pub, *message, *signature;
} rfc8032[] = {
	{ "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
	  "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
	  "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd2"
	  "5bf5f0"
	  "595bbe24655141438e7a100b" },
	{ "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
	  "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
	  "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c38"
	  "7b2eae"
	  "b4302aeeb00d291612bb0c00" },
	{ "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
	  "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
	  "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a"
	  "7c15e9"
	  "716ed28dc027beceea1ec40a" },
};

struct rfc_case {
	struct ed25519_secret secret;
	struct ed25519_public pub;
	uint8_t message[2], signature[64];
	size_t len;
};

static struct rfc_case rfc_case(size_t i)
{
	struct rfc_case k = { .len = strlen(rfc8032[i].message) / 2 };
	uint8_t seed[32];
	bytes_from_hex(rfc8032[i].seed, seed, 32);
	bytes_from_hex(rfc8032[i].pub, k.pub.b, 32);
	bytes_from_hex(rfc8032[i].message, k.message, k.len);
	bytes_from_hex(rfc8032[i].signature, k.signature, 64);
	cr_assert_eq(ed25519_from_seed(seed, &k.secret), 0);
	return k;
}

Test(ed25519, keys_and_signatures_are_those_of_rfc_8032)
{
	for (size_t i = 0; i < ARRAY_SIZE(rfc8032); i++) {
		struct rfc_case k = rfc_case(i);
		uint8_t made[64];
		struct span message = { k.message, k.len };
		cr_assert_eq(memcmp(k.secret.public_key.b, k.pub.b, 32), 0);
		cr_assert_eq(ed25519_sign(&k.secret, message, made), 0);
		cr_assert_eq(memcmp(made, k.signature, 64), 0);
		cr_assert(ed25519_verify(&k.pub, message, k.signature));
		cr_assert(ed25519_public_ok(&k.pub));
	}
}

Test(ed25519, one_flipped_bit_anywhere_does_not_verify)
{
	struct rfc_case k = rfc_case(2);
	struct span message = { k.message, k.len };
	for (size_t bit = 0; bit < 64 * 8; bit++) {
		k.signature[bit / 8] ^= (uint8_t)(1 << bit % 8);
		cr_assert_not(ed25519_verify(&k.pub, message, k.signature), "bit %zu", bit);
		k.signature[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (size_t bit = 0; bit < 256; bit++) {
		k.pub.b[bit / 8] ^= (uint8_t)(1 << bit % 8);
		cr_assert_not(ed25519_verify(&k.pub, message, k.signature), "key bit %zu", bit);
		k.pub.b[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	cr_assert_not(ed25519_verify(&k.pub, (struct span){ k.message, 1 }, k.signature));
	cr_assert(ed25519_verify(&k.pub, message, k.signature));
}

Test(ed25519, the_same_signature_with_the_group_order_added_is_refused)
{
	static const uint8_t order[32] = { 0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7,
		                           0xa2, 0xde, 0xf9, 0xde, 0x14, 0,    0,    0,    0,    0,    0,
		                           0,    0,    0,    0,    0,    0,    0,    0,    0,    0x10 };
	struct rfc_case k = rfc_case(1);
	unsigned carry = 0;
	for (size_t i = 0; i < 32; i++) {
		carry += k.signature[32 + i] + order[i];
		k.signature[32 + i] = (uint8_t)carry;
		carry >>= 8;
	}
	cr_assert_not(ed25519_verify(&k.pub, (struct span){ k.message, k.len }, k.signature));
}

Test(ed25519, points_of_small_order_are_no_keys_with_either_sign)
{
	static const char *const listed[] = {
		"0100000000000000000000000000000000000000000000000000000000000000",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"0000000000000000000000000000000000000000000000000000000000000000",
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	};
	for (size_t i = 0; i < ARRAY_SIZE(listed); i++) {
		struct ed25519_public p;
		bytes_from_hex(listed[i], p.b, 32);
		cr_expect_not(ed25519_public_ok(&p), "%s", listed[i]);
		p.b[31] |= 0x80;
		cr_expect_not(ed25519_public_ok(&p), "%s with the sign bit", listed[i]);
	}
}

Test(ed25519, a_y_from_the_prime_on_is_no_key)
{
	struct ed25519_public p;
	memset(p.b, 0xff, 32);
	for (unsigned low = 0; low < 256; low++) {
		p.b[0] = (uint8_t)low;
		p.b[31] = 0x7f;
		cr_assert_eq(ed25519_public_ok(&p), low < 0xec, "0x%02x", low);
		p.b[31] = 0xff;
		cr_assert_eq(ed25519_public_ok(&p), low < 0xec, "0x%02x", low);
	}
	p.b[0] = 0xff;
	p.b[17] = 0xfe;
	cr_assert(ed25519_public_ok(&p));
}

Test(ed25519, a_generated_key_signs_what_it_verifies)
{
	struct ed25519_secret a, b;
	cr_assert_eq(ed25519_generate(env_system(), &a), 0);
	cr_assert_eq(ed25519_generate(env_system(), &b), 0);
	cr_assert_neq(memcmp(a.seed, b.seed, 32), 0);
	uint8_t signature[64];
	cr_assert_eq(ed25519_sign(&a, TEXT("message"), signature), 0);
	cr_assert(ed25519_verify(&a.public_key, TEXT("message"), signature));
	cr_assert_not(ed25519_verify(&b.public_key, TEXT("message"), signature));
}

Test(ed25519, without_random_bytes_there_is_no_key)
{
	cleanup_fault_env struct env *env = fault_env_new();
	fault_env_fail(env, FAULT_RANDOM, 1, -EIO);
	struct ed25519_secret untouched = { .seed = { 9 } };
	cr_assert_eq(ed25519_generate(env, &untouched), -EIO);
	cr_assert_eq(untouched.seed[0], 9);
}

Test(ed25519, wipe_leaves_nothing_of_the_key)
{
	struct rfc_case k = rfc_case(0);
	ed25519_wipe(&k.secret);
	static const struct ed25519_secret zero;
	cr_assert_eq(memcmp(&k.secret, &zero, sizeof(zero)), 0);
}

static bool has(const json_t *vector, const char *flag)
{
	size_t i;
	json_t *f;
	json_array_foreach(json_object_get(vector, "flags"), i, f)
	{
		if (strcmp(json_string_value(f), flag) == 0)
			return true;
	}
	return false;
}

/* Section 2 of the format: without the cofactor, the signature's R and key as they stand, y below the prime,
 * no small order. Each vector says which of these it breaks. */
static void vector_is_judged(const json_t *v)
{
	struct ed25519_public key;
	uint8_t signature[64];
	bytes_from_hex(json_string_value(json_object_get(v, "key")), key.b, 32);
	bytes_from_hex(json_string_value(json_object_get(v, "sig")), signature, 64);
	bool key_ok = !has(v, "low_order_A") && !has(v, "non_canonical_A");
	bool equation = !has(v, "low_order_residue") && !has(v, "non_canonical_R") && !has(v, "reencoded_k");
	int number = (int)json_integer_value(json_object_get(v, "number"));
	cr_expect_eq(ed25519_public_ok(&key), key_ok, "key of vector %d", number);
	/* With a key of small order another k can give the same point by chance: that key is refused anyway.
	 */
	if (has(v, "low_order_A") && has(v, "reencoded_k"))
		return;
	cr_expect_eq(ed25519_verify(&key, span_str(json_string_value(json_object_get(v, "msg"))), signature),
	             equation, "vector %d", number);
}

Test(ed25519, the_published_edge_cases_get_the_verdicts_of_the_format)
{
	cleanup_buf struct buf text = { 0 };
	if (!test_data_read("ed25519vectors.json", &text))
		cr_skip_test("no ed25519vectors.json beside the checkout");
	json_error_t error;
	json_t *all = json_loadb((const char *)text.data, text.len, 0, &error);
	cr_assert_not_null(all, "%s", error.text);
	cr_assert_geq(json_array_size(all), 900);
	size_t i;
	json_t *v;
	json_array_foreach(all, i, v) vector_is_judged(v);
	json_decref(all);
}

#include "lib/ed25519.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

static void free_pkey(EVP_PKEY **k)
{
	EVP_PKEY_free(*k);
}

static void free_md_ctx(EVP_MD_CTX **c)
{
	EVP_MD_CTX_free(*c);
}

int ed25519_from_seed(const uint8_t seed[32], struct ed25519_secret *ret)
{
	cleanup(free_pkey) EVP_PKEY *k = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, 32);
	if (!k)
		return -ENOMEM;
	struct ed25519_public pub;
	size_t n = sizeof(pub.b);
	if (EVP_PKEY_get_raw_public_key(k, pub.b, &n) != 1 || n != sizeof(pub.b))
		return -EIO;
	memmove(ret->seed, seed, 32);
	ret->public_key = pub;
	return 0;
}

int ed25519_generate(const struct env *env, struct ed25519_secret *ret)
{
	uint8_t seed[32];
	int r = env->random(env, seed, sizeof(seed));
	if (r == 0)
		r = ed25519_from_seed(seed, ret);
	OPENSSL_cleanse(seed, sizeof(seed));
	return r;
}

int ed25519_sign(const struct ed25519_secret *key, struct span message,
                 uint8_t ret_signature[ED25519_SIGNATURE_BYTES])
{
	cleanup(free_pkey) EVP_PKEY *k = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, key->seed, 32);
	cleanup(free_md_ctx) EVP_MD_CTX *c = EVP_MD_CTX_new();
	size_t n = ED25519_SIGNATURE_BYTES;
	if (!k || !c || EVP_DigestSignInit(c, NULL, NULL, NULL, k) != 1 ||
	    EVP_DigestSign(c, ret_signature, &n, message.data, message.len) != 1 ||
	    n != ED25519_SIGNATURE_BYTES)
		return -EIO;
	return 0;
}

bool ed25519_verify(const struct ed25519_public *key, struct span message,
                    const uint8_t signature[ED25519_SIGNATURE_BYTES])
{
	cleanup(free_pkey) EVP_PKEY *k =
	        EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key->b, sizeof(key->b));
	cleanup(free_md_ctx) EVP_MD_CTX *c = EVP_MD_CTX_new();
	return k && c && EVP_DigestVerifyInit(c, NULL, NULL, NULL, k) == 1 &&
	       EVP_DigestVerify(c, signature, ED25519_SIGNATURE_BYTES, message.data, message.len) == 1;
}

/* Encodings of the eight points of small order, the two that are not canonical included; the top bit is
 * cleared. */
static const uint8_t small_order[][32] = {
	{ 0x01 },
	{ 0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f },
	{ 0x00 },
	{ 0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0,
	  0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05 },
	{ 0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f,
	  0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a },
	{ 0xed, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f },
	{ 0xee, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f },
};

/* 2^255 - 19 and above, little-endian, top bit cleared: 0xed or more, thirty times 0xff, 0x7f. */
static bool below_prime(const uint8_t y[32])
{
	if (y[31] != 0x7f || y[0] < 0xed)
		return true;
	for (int i = 1; i < 31; i++) {
		if (y[i] != 0xff)
			return true;
	}
	return false;
}

bool ed25519_public_ok(const struct ed25519_public *key)
{
	uint8_t folded[32];
	memcpy(folded, key->b, sizeof(folded));
	folded[31] &= 0x7f;
	if (!below_prime(folded))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(small_order); i++) {
		if (memcmp(folded, small_order[i], sizeof(folded)) == 0)
			return false;
	}
	return true;
}

void ed25519_wipe(struct ed25519_secret *key)
{
	OPENSSL_cleanse(key, sizeof(*key));
}

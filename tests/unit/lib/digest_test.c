#include "lib/digest.h"

#include <criterion/criterion.h>

#include "tests/support/bytes.h"

static bool digests_to(struct span in, const char *hex)
{
	struct hash h, want;
	sha256(in.data, in.len, &h);
	bytes_from_hex(hex, want.b, sizeof(want.b));
	return hash_equal(&h, &want);
}

/* FIPS 180-4 examples. */
Test(digest, the_published_examples_hold)
{
	cr_assert(digests_to((struct span){ 0 },
	                     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
	cr_assert(
	        digests_to(TEXT("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
	cr_assert(digests_to(TEXT("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
	                     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"));
}

Test(digest, a_million_bytes_digest_as_published)
{
	static uint8_t as[1000000];
	memset(as, 'a', sizeof(as));
	cr_assert(digests_to((struct span){ as, sizeof(as) },
	                     "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"));
}

Test(digest, parts_are_joined_and_empty_ones_are_nothing)
{
	struct span parts[] = { TEXT("a"), { 0 }, TEXT("bc"), TEXT("") };
	struct hash joined, whole;
	sha256_parts(parts, ARRAY_SIZE(parts), &joined);
	sha256("abc", 3, &whole);
	cr_assert(hash_equal(&joined, &whole));
	sha256_parts(NULL, 0, &joined);
	sha256(NULL, 0, &whole);
	cr_assert(hash_equal(&joined, &whole));
}

Test(digest, hashes_differ_by_any_bit)
{
	struct hash a = { 0 };
	for (int bit = 0; bit < 256; bit++) {
		struct hash b = a;
		b.b[bit / 8] ^= (uint8_t)(1 << bit % 8);
		cr_assert_not(hash_equal(&a, &b));
	}
}

#include "evidence/request.h"

#include <criterion/criterion.h>

#include "lib/csr.h"
#include "tests/support/bytes.h"
#include "tests/support/host_log.h"
#include "tests/support/vectors.h"

static struct signer identity;
static EVP_PKEY *key;
static struct token_secret secret;
static struct buf bytes;
static struct request request;

static void setup(void)
{
	struct ed25519_secret tls;
	struct hash seed;
	test_signer("vectors.example/host/web-1", &identity);
	sha256("tls", 3, &seed);
	cr_assert_eq(ed25519_from_seed(seed.b, &tls), 0);
	key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, tls.seed, sizeof(tls.seed));
	sha256("secret", 6, (struct hash *)&secret);
	cr_assert_eq(request_put(&bytes, "vectors.example", "web-1", &identity, key, &secret), 0);
}

static void teardown(void)
{
	EVP_PKEY_free(key);
	buf_done(&bytes);
	request_done(&request);
}

TestSuite(request, .init = setup, .fini = teardown);

static int parse(void)
{
	request_done(&request);
	request = (struct request){ 0 };
	return request_parse(buf_span(&bytes), &request);
}

static int parse_renewal(void)
{
	request_done(&request);
	request = (struct request){ 0 };
	return renewal_parse(buf_span(&bytes), &request);
}

static void put_note(struct buf *b, const char *origin, uint64_t size, const struct signer *by)
{
	cleanup_buf struct buf text = { 0 };
	struct hash root;
	sha256(NULL, 0, &root);
	checkpoint_put_text(&text, origin, size, &root);
	cr_assert_eq(note_put(b, buf_span(&text), &by, 1), 0);
}

/* The request with another checkpoint. */
static void with_checkpoint(const char *origin, uint64_t size, const struct signer *by)
{
	cleanup_buf struct buf note = { 0 };
	put_note(&note, origin, size, by);
	uint8_t *at = memmem(bytes.data, bytes.len, "checkpoint ", 11);
	cr_assert_not_null(at);
	bytes.len = (size_t)(at - bytes.data);
	buf_printf(&bytes, "checkpoint %zu\n%.*s", note.len, (int)note.len, (const char *)note.data);
}

Test(request, its_text_is_the_one_in_the_vectors)
{
	cr_expect(vector_is("join-request.txt", buf_span(&bytes)));
}

Test(request, a_request_names_its_keys_and_the_secret)
{
	struct hash spki;
	cr_assert_eq(parse(), 0);
	cr_expect_str_eq(request.fleet, "vectors.example");
	cr_expect_str_eq(request.host, "web-1");
	cr_expect(key_equal(&request.identity, &identity.key));
	cr_expect_eq(EVP_PKEY_eq(request.certificate_key, key), 1);
	cr_assert_eq(certificate_key_spki(key, &spki), 0);
	cr_expect(hash_equal(&request.certificate, &spki));
	cr_expect(request.has_secret && memcmp(&request.secret, &secret, sizeof(secret)) == 0);
}

Test(request, it_can_do_without_a_secret)
{
	buf_reset(&bytes);
	cr_assert_eq(request_put(&bytes, "acme", "web", &identity, key, NULL), 0);
	cr_expect_eq(parse(), -EBADMSG, "the identity is of another host");
	test_signer("acme/host/web", &identity);
	buf_reset(&bytes);
	cr_assert_eq(request_put(&bytes, "acme", "web", &identity, key, NULL), 0);
	cr_assert_eq(parse(), 0);
	cr_expect_not(request.has_secret);
}

Test(request, any_changed_byte_outside_the_secret_is_noticed)
{
	const uint8_t *from = memmem(bytes.data, bytes.len, "secret ", 7);
	for (size_t i = 0; i < bytes.len; i++) {
		bool of_secret = bytes.data + i >= from + 7 && bytes.data + i < from + 7 + 44;
		bytes.data[i] ^= 1;
		cr_expect(of_secret || parse() < 0, "byte %zu", i);
		bytes.data[i] ^= 1;
	}
}

Test(request, any_cut_is_noticed)
{
	size_t whole = bytes.len;
	for (bytes.len = 0; bytes.len < whole; bytes.len++)
		cr_expect_lt(parse(), 0, "at %zu", bytes.len);
}

Test(request, the_identity_signs_for_the_empty_log_of_this_host)
{
	struct signer other;
	test_signer("vectors.example/host/web-2", &other);
	with_checkpoint("vectors.example/host/web-1/1", 0, &identity);
	cr_expect_eq(parse(), 0);
	with_checkpoint("vectors.example/host/web-1/1", 0, &other);
	cr_expect_eq(parse(), -ENOKEY);
	with_checkpoint("vectors.example/host/web-2/1", 0, &identity);
	cr_expect_eq(parse(), -EBADMSG);
	with_checkpoint("vectors.example/host/web-1/2", 0, &identity);
	cr_expect_eq(parse(), -EBADMSG);
	with_checkpoint("vectors.example/host/web-1/1", 1, &identity);
	cr_expect_eq(parse(), -EBADMSG);
}

Test(request, a_renewal_shows_a_checkpoint_of_the_identity)
{
	cleanup_buf struct buf note = { 0 };
	struct signer other;
	put_note(&note, "vectors.example/host/web-1/3", 700, &identity);
	buf_reset(&bytes);
	cr_assert_eq(renewal_put(&bytes, "vectors.example", "web-1", key, buf_span(&note)), 0);
	cr_assert_eq(parse_renewal(), 0);
	cr_expect(request.epoch == 3 && request.size == 700);
	cr_expect_eq(renewal_verify(&request, &identity.key), 0);
	test_signer("vectors.example/host/web-2", &other);
	cr_expect_eq(renewal_verify(&request, &other.key), -ENOKEY);
}

Test(request, a_renewal_and_a_request_are_not_taken_for_each_other)
{
	cr_expect_eq(parse_renewal(), -EBADMSG);
	cleanup_buf struct buf note = { 0 };
	put_note(&note, "vectors.example/host/web-1/1", 0, &identity);
	buf_reset(&bytes);
	cr_assert_eq(renewal_put(&bytes, "vectors.example", "web-1", key, buf_span(&note)), 0);
	cr_expect_eq(parse(), -EBADMSG);
}

Test(request, labels_that_are_none_are_refused)
{
	cr_expect_eq(request_put(&bytes, "acme\nhost x", "web", &identity, key, NULL), -EINVAL);
	cr_expect_eq(request_put(&bytes, "acme", "", &identity, key, NULL), -EINVAL);
}

#include "cli/request.h"

#include <criterion/criterion.h>
#include <openssl/rsa.h>

#include "lib/csr.h"

static struct signer identity;
static struct buf bytes;
static struct request request;

static void setup(void)
{
	cleanup_key EVP_PKEY *key = NULL;
	cr_assert_eq(signer_generate(env_system(), "acme/host/web", &identity), 0);
	cr_assert_eq(certificate_key_new(&key), 0);
	cr_assert_eq(request_put(&bytes, "acme", "web", &identity, key), 0);
}

static void teardown(void)
{
	buf_done(&bytes);
	request_done(&request);
}

TestSuite(request, .init = setup, .fini = teardown);

static int parse(void)
{
	return request_parse((struct span){ bytes.data, bytes.len }, &request);
}

static void sign_anew(const char *fleet, const char *host, const struct buf *der)
{
	cleanup_buf struct buf text = { 0 };
	const struct signer *by = &identity;
	buf_printf(&text, "swornlog-request/v1\nfleet %s\nhost %s\nidentity ", fleet, host);
	key_put(&text, &identity.key);
	buf_put_str(&text, "\ncertificate ");
	uint8_t *at = buf_extend(&text, (der->len + 2) / 3 * 4 + 1);
	EVP_EncodeBlock(at, der->data, (int)der->len);
	text.len--;
	buf_put_u8(&text, '\n');
	buf_reset(&bytes);
	cr_assert_eq(note_put(&bytes, (struct span){ text.data, text.len }, &by, 1), 0);
}

Test(request, a_request_names_both_keys)
{
	cr_assert_eq(parse(), 0);
	cr_expect_str_eq(request.fleet, "acme");
	cr_expect_str_eq(request.host, "web");
	cr_expect(key_equal(&request.identity, &identity.key));
	cr_expect_not_null(request.certificate_key);
}

Test(request, any_changed_byte_is_noticed)
{
	for (size_t i = 0; i < bytes.len; i++) {
		bytes.data[i] ^= 1;
		cr_expect_lt(parse(), 0, "byte %zu", i);
		bytes.data[i] ^= 1;
	}
}

Test(request, any_cut_is_noticed)
{
	size_t whole = bytes.len;
	for (bytes.len = 0; bytes.len < whole; bytes.len++)
		cr_expect_lt(parse(), 0, "at %zu", bytes.len);
}

Test(request, an_identity_of_another_host_is_refused)
{
	cleanup_key EVP_PKEY *key = NULL;
	cleanup_buf struct buf der = { 0 };
	cr_assert_eq(certificate_key_new(&key), 0);
	cr_assert_eq(csr_put(&der, key, "web", "swornlog://acme/host/web"), 0);
	sign_anew("acme", "web", &der);
	cr_expect_eq(parse(), 0);
	request_done(&request);
	sign_anew("acme", "web2", &der);
	cr_expect_eq(parse(), -EBADMSG);
}

Test(request, a_certificate_request_for_another_host_is_refused)
{
	cleanup_key EVP_PKEY *key = NULL;
	cleanup_buf struct buf der = { 0 };
	cr_assert_eq(certificate_key_new(&key), 0);
	cr_assert_eq(csr_put(&der, key, "web", "swornlog://acme/host/web2"), 0);
	sign_anew("acme", "web", &der);
	cr_expect_eq(parse(), -EPERM);
}

Test(request, a_certificate_request_by_another_key_is_refused)
{
	cleanup_key EVP_PKEY *key = NULL;
	cleanup_buf struct buf der = { 0 };
	cr_assert_eq(certificate_key_new(&key), 0);
	cr_assert_eq(csr_put(&der, key, "web", "swornlog://acme/host/web"), 0);
	der.data[der.len - 1] ^= 1;
	sign_anew("acme", "web", &der);
	cr_expect_eq(parse(), -EBADMSG);
}

Test(request, a_key_of_a_kind_that_is_not_used_is_refused)
{
	cleanup_key EVP_PKEY *key = EVP_RSA_gen(1024);
	cleanup_buf struct buf der = { 0 };
	cr_assert_eq(csr_put(&der, key, "web", "swornlog://acme/host/web"), 0);
	sign_anew("acme", "web", &der);
	cr_expect_eq(parse(), -EKEYREJECTED);
}

Test(request, labels_that_are_none_are_refused)
{
	cleanup_key EVP_PKEY *key = NULL;
	cr_assert_eq(certificate_key_new(&key), 0);
	cr_expect_eq(request_put(&bytes, "acme\nhost x", "web", &identity, key), -EINVAL);
	cr_expect_eq(request_put(&bytes, "acme", "", &identity, key), -EINVAL);
}

#include "lib/csr.h"

#include <criterion/criterion.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#define URI "swornlog://acme/host/web"

static EVP_PKEY *key, *parsed;
static struct buf der;

static void setup(void)
{
	cr_assert_eq(certificate_key_new(&key), 0);
}

static void teardown(void)
{
	EVP_PKEY_free(key);
	EVP_PKEY_free(parsed);
	buf_done(&der);
}

TestSuite(csr, .init = setup, .fini = teardown);

static int parse(const char *uri)
{
	EVP_PKEY_free(parsed);
	parsed = NULL;
	return csr_parse((struct span){ der.data, der.len }, uri, &parsed);
}

/* One that asks for these extensions, as a hostile host may make it. */
static void make(const char *san, const char *use, const char *more, const char *password)
{
	X509_REQ *req = X509_REQ_new();
	STACK_OF(X509_EXTENSION) *e = sk_X509_EXTENSION_new_null();
	X509_EXTENSION *wish[] = { X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, san),
		                   X509V3_EXT_conf_nid(NULL, NULL, NID_ext_key_usage, use),
		                   more ? X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints, more)
		                        : NULL };
	for (size_t i = 0; i < ARRAY_SIZE(wish) && wish[i]; i++)
		sk_X509_EXTENSION_push(e, wish[i]);
	cr_assert_eq(X509_REQ_add_extensions(req, e), 1);
	if (password)
		X509_REQ_add1_attr_by_NID(req, NID_pkcs9_challengePassword, MBSTRING_ASC,
		                          (const unsigned char *)password, -1);
	X509_REQ_set_pubkey(req, key);
	cr_assert_gt(X509_REQ_sign(req, key, EVP_sha256()), 0);
	unsigned char *bytes = NULL;
	int n = i2d_X509_REQ(req, &bytes);
	buf_reset(&der);
	buf_put(&der, bytes, (size_t)n);
	OPENSSL_free(bytes);
	sk_X509_EXTENSION_pop_free(e, X509_EXTENSION_free);
	X509_REQ_free(req);
}

Test(csr, a_request_is_for_its_key_and_uri)
{
	cr_assert_eq(csr_put(&der, key, "web", URI), 0);
	cr_assert_eq(parse(URI), 0);
	cr_expect_eq(EVP_PKEY_eq(key, parsed), 1);
	cr_expect_eq(parse(URI "2"), -EPERM);
	cr_expect_eq(parse("swornlog://acme/host/we"), -EPERM);
}

Test(csr, what_else_is_asked_for_is_refused)
{
	make("URI:" URI, "clientAuth", NULL, NULL);
	cr_expect_eq(parse(URI), 0);
	make("URI:" URI ",DNS:sink.example", "clientAuth", NULL, NULL);
	cr_expect_eq(parse(URI), -EPERM);
	make("DNS:sink.example", "clientAuth", NULL, NULL);
	cr_expect_eq(parse(URI), -EPERM);
	make("URI:" URI, "serverAuth", NULL, NULL);
	cr_expect_eq(parse(URI), -EPERM);
	make("URI:" URI, "clientAuth,serverAuth", NULL, NULL);
	cr_expect_eq(parse(URI), -EPERM);
	make("URI:" URI, "clientAuth", "CA:TRUE", NULL);
	cr_expect_eq(parse(URI), -EPERM);
	make("URI:" URI, "clientAuth", NULL, "open sesame");
	cr_expect_eq(parse(URI), -EPERM);
}

Test(csr, any_changed_or_missing_byte_is_noticed)
{
	cr_assert_eq(csr_put(&der, key, "web", URI), 0);
	for (size_t i = 0; i < der.len; i++) {
		der.data[i] ^= 1;
		cr_expect_lt(parse(URI), 0, "byte %zu", i);
		der.data[i] ^= 1;
	}
	size_t whole = der.len;
	for (der.len = 0; der.len < whole; der.len++)
		cr_expect_lt(parse(URI), 0, "cut at %zu", der.len);
}

Test(csr, a_key_of_a_kind_that_is_not_used_is_refused)
{
	cleanup_key EVP_PKEY *rsa = EVP_RSA_gen(1024);
	cr_assert_eq(csr_put(&der, rsa, "web", URI), 0);
	cr_expect_eq(parse(URI), -EKEYREJECTED);
}

Test(csr, a_uri_that_would_be_two_names_is_refused)
{
	cr_expect_eq(csr_put(&der, key, "web", URI ",DNS:sink"), -EINVAL);
}

Test(csr, authorities_get_it_as_pem)
{
	cleanup_buf struct buf pem = { 0 };
	cr_assert_eq(csr_put(&der, key, "web", URI), 0);
	cr_assert_eq(csr_put_pem(&pem, (struct span){ der.data, der.len }), 0);
	cr_expect(span_starts((struct span){ pem.data, pem.len }, "-----BEGIN CERTIFICATE REQUEST-----\n"));
	cr_expect_eq(csr_put_pem(&pem, (struct span){ der.data, der.len - 1 }), -EIO);
}

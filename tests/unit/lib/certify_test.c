#include "lib/certify.h"

#include <criterion/criterion.h>

#include "lib/certificate.h"

/* Who a certificate is for is checked with the openssl command in tests/e2e/enroll_test.sh. */

static EVP_PKEY *key;
static X509 *cert;

static void setup(void)
{
	cr_assert_eq(certificate_key_new(&key), 0);
}

static void teardown(void)
{
	EVP_PKEY_free(key);
	X509_free(cert);
}

TestSuite(certificate, .init = setup, .fini = teardown);

static int issue(const char *uri, const char *names)
{
	struct certificate_plan plan = {
		.use = CERTIFICATE_CA, .subject = "acme", .uri = uri, .names = names, .days = 1, .key = key
	};
	return certificate_issue(&plan, &cert);
}

Test(certificate, the_uri_is_found_again)
{
	char uri[CERTIFICATE_URI_MAX + 1];
	cr_assert_eq(issue("swornlog://acme/sink", "a.example,::1"), 0);
	cr_assert_eq(certificate_uri(cert, uri), 0);
	cr_expect_str_eq(uri, "swornlog://acme/sink");
}

Test(certificate, names_cannot_smuggle_in_other_kinds)
{
	cr_expect_eq(issue(NULL, "URI:swornlog://acme/sink"), -EINVAL);
	cr_expect_eq(issue(NULL, "a b"), -EINVAL);
	cr_expect_eq(issue(NULL, "a,"), -EINVAL);
	cr_expect_eq(issue(NULL, ""), -EINVAL);
	cr_expect_eq(issue(NULL, "*.example"), -EINVAL);
	cr_expect_null(cert);
}

Test(certificate, keys_and_certificates_survive_pem)
{
	cleanup_buf struct buf key_pem = { 0 }, cert_pem = { 0 };
	cleanup_key EVP_PKEY *key_again = NULL;
	cleanup_certificate X509 *cert_again = NULL;
	cr_assert_eq(issue(NULL, NULL), 0);
	cr_assert_eq(certificate_put_key(&key_pem, key), 0);
	cr_assert_eq(certificate_put(&cert_pem, cert), 0);
	cr_assert_eq(certificate_parse_key((struct span){ key_pem.data, key_pem.len }, &key_again), 0);
	cr_assert_eq(certificate_parse((struct span){ cert_pem.data, cert_pem.len }, &cert_again), 0);
	cr_expect_eq(EVP_PKEY_eq(key, key_again), 1);
	cr_expect_eq(X509_cmp(cert, cert_again), 0);
	cr_expect_eq(X509_check_private_key(cert_again, key_again), 1);
}

Test(certificate, what_is_no_pem_is_refused)
{
	EVP_PKEY *k = NULL;
	X509 *c = NULL;
	struct span rubbish = { (const uint8_t *)"-----BEGIN CERTIFICATE-----\nAAAA\n", 33 };
	cr_expect_eq(certificate_parse_key(rubbish, &k), -EBADMSG);
	cr_expect_eq(certificate_parse(rubbish, &c), -EBADMSG);
	cr_expect_eq(certificate_parse((struct span){ NULL, 0 }, &c), -EBADMSG);
}

Test(certificate, a_subject_too_long_is_refused)
{
	char name[80];
	memset(name, 'a', sizeof(name));
	name[79] = '\0';
	struct certificate_plan plan = { .use = CERTIFICATE_CA, .subject = name, .days = 1, .key = key };
	cr_expect_eq(certificate_issue(&plan, &cert), -EIO);
}

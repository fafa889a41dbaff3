#include "lib/certificate_check.h"

#include <criterion/criterion.h>

#include "lib/certify.h"

/* What is wrong with certificates that hosts and authorities hand over: tests/unit/registrar and
 * tests/unit/cli. */

Test(certificate_check, a_new_one_is_due_when_two_thirds_are_over)
{
	cr_expect_eq(certificate_renew_s(0, 300), 200);
	cr_expect_eq(certificate_renew_s(1000, 1003), 1002);
	cr_expect_eq(certificate_renew_s(5, 5), 5);
	cr_expect_eq(certificate_renew_s(10, 5), 5, "one that was never valid");
}

Test(certificate_check, times_are_read_from_the_first)
{
	cleanup_key EVP_PKEY *key = NULL;
	cleanup_certificate X509 *cert = NULL;
	cleanup_buf struct buf pem = { 0 };
	int64_t from, until;
	cr_assert_eq(certificate_key_new(&key), 0);
	struct certificate_plan plan = { .use = CERTIFICATE_CA, .subject = "a", .days = 10, .key = key };
	cr_assert_eq(certificate_issue(&plan, &cert), 0);
	cr_assert_eq(certificate_put(&pem, cert), 0);
	cr_assert_eq(certificate_times((struct span){ pem.data, pem.len }, &from, &until), 0);
	cr_expect_eq(until - from, 10 * 86400 + 300);
	cr_expect_eq(certificate_times((struct span){ pem.data, pem.len / 2 }, &from, &until), -EBADMSG);
}

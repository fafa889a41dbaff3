#include "evidence/grant.h"

#include <criterion/criterion.h>

#include "tests/support/bytes.h"

static const struct grant GRANT = { .enrol = { (const uint8_t *)"statement\n", 10 },
	                            .certificate = { (const uint8_t *)"pem\n", 4 },
	                            .ca = { (const uint8_t *)"ca\n", 3 },
	                            .genesis = { (const uint8_t *)"g\n", 2 } };

Test(grant, its_text_is_as_the_format_says)
{
	cleanup_buf struct buf b = { 0 };
	grant_put(&b, &GRANT);
	cr_expect(
	        bytes_equal(buf_span(&b), TEXT("swornlog-grant/v1\nenrol 10\nstatement\ncertificate 4\npem\n"
	                                       "ca 3\nca\ngenesis 2\ng\npolicy 0\n")));
}

Test(grant, what_is_written_is_read_and_every_cut_is_noticed)
{
	cleanup_buf struct buf b = { 0 };
	struct grant g;
	grant_put(&b, &GRANT);
	cr_assert_eq(grant_parse(buf_span(&b), &g), 0);
	cr_expect(span_equal(g.enrol, GRANT.enrol) && span_equal(g.certificate, GRANT.certificate) &&
	          span_equal(g.ca, GRANT.ca) && span_equal(g.genesis, GRANT.genesis) && g.policy.len == 0);
	for (size_t n = 0; n < b.len; n++)
		cr_expect_eq(grant_parse((struct span){ b.data, n }, &g), -EBADMSG, "%zu", n);
}

Test(grant, a_part_over_its_limit_is_refused)
{
	struct grant g;
	cr_expect_eq(grant_parse(TEXT("swornlog-grant/v1\nenrol 65537\n"), &g), -EBADMSG);
	cr_expect_eq(grant_parse(TEXT("swornlog-grant/v1\nenrol 18446744073709551615\n"), &g), -EBADMSG);
}

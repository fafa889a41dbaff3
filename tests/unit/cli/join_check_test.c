#include "cli/join_check.h"

#include <criterion/criterion.h>
#include <stdio.h>

#include "evidence/statement.h"
#include "lib/certificate.h"
#include "lib/certify.h"
#include "lib/text.h"
#include "tests/support/bytes.h"
#include "tests/support/host_log.h"
#include "tests/support/statements.h"

static struct token token;
static struct signer identity;
static EVP_PKEY *ca_key, *key;
static X509 *ca;
static struct buf genesis, ca_pem, certificate, enrolment;
static struct join_asked asked;
static struct grant grant;

static void issue(enum certificate_use use, const char *uri, EVP_PKEY *of)
{
	cleanup_certificate X509 *cert = NULL;
	struct certificate_plan plan = { .use = use,
		                         .subject = "web1",
		                         .uri = uri,
		                         .days = 30,
		                         .key = of,
		                         .issuer = ca,
		                         .issuer_key = ca_key };
	cr_assert_eq(certificate_issue(&plan, &cert), 0);
	buf_reset(&certificate);
	cr_assert_eq(certificate_put(&certificate, cert), 0);
	grant.certificate = buf_span(&certificate);
}

static void enrol(const char *host, const struct key *of, const struct hash *spki, const struct hash *under)
{
	cleanup_buf struct buf text = { 0 };
	struct statement s = { .kind = STATEMENT_ENROL,
		               .fleet = "acme",
		               .time_s = 1795507200,
		               .identity = *of,
		               .certificate = *spki,
		               .has_token = true,
		               .token = *under };
	struct signer registrar;
	const struct signer *by = &registrar;
	test_cast('R', &registrar);
	snprintf(s.host, sizeof(s.host), "%s", host);
	statement_put_text(&text, &s);
	buf_reset(&enrolment);
	cr_assert_eq(note_put(&enrolment, buf_span(&text), &by, 1), 0);
	grant.enrol = buf_span(&enrolment);
}

static void setup(void)
{
	const char *by, *text = test_statement_example(STATEMENT_GENESIS, &by);
	struct signer log;
	struct hash under;
	test_statement(&genesis, text, by);
	test_cast('L', &log);
	test_cast('I', &identity);
	cr_assert(certificate_key_new(&ca_key) == 0 && certificate_key_new(&key) == 0);
	struct certificate_plan plan = {
		.use = CERTIFICATE_CA, .subject = "acme", .days = 30, .key = ca_key
	};
	cr_assert_eq(certificate_issue(&plan, &ca), 0);
	cr_assert_eq(certificate_put(&ca_pem, ca), 0);
	token = (struct token){ .fleet = "acme", .log = log.key };
	sha256(genesis.data, genesis.len, &token.genesis);
	cr_assert_eq(certificate_hash(ca, &token.ca), 0);
	token_hash(&token.secret, &under);
	asked = (struct join_asked){ .token = &token, .host = "web1", .identity = &identity.key };
	cr_assert_eq(certificate_key_spki(key, &asked.certificate), 0);
	grant = (struct grant){ .genesis = buf_span(&genesis), .ca = buf_span(&ca_pem) };
	issue(CERTIFICATE_CLIENT, "swornlog://acme/host/web1", key);
	enrol("web1", &identity.key, &asked.certificate, &under);
}

static void teardown(void)
{
	EVP_PKEY_free(ca_key);
	EVP_PKEY_free(key);
	X509_free(ca);
	buf_done(&genesis);
	buf_done(&ca_pem);
	buf_done(&certificate);
	buf_done(&enrolment);
}

TestSuite(join_check, .init = setup, .fini = teardown);

static void faulty(const char *words)
{
	const char *said = join_check(&asked, &grant);
	cr_expect(said && strstr(said, words), "%s: %s", words, said ? said : "taken");
}

Test(join_check, what_fits_the_token_is_taken)
{
	cr_expect_null(join_check(&asked, &grant));
}

Test(join_check, the_genesis_statement_is_the_pinned_one)
{
	token.genesis.b[0] ^= 1;
	faulty("not the one that the token pins");
	token.genesis.b[0] ^= 1;
	struct signer other;
	test_cast('M', &other);
	token.log = other.key;
	faulty("another key of its log");
}

Test(join_check, the_authority_is_the_pinned_one)
{
	token.ca.b[0] ^= 1;
	faulty("authority's certificate");
}

Test(join_check, the_policy_is_the_pinned_one)
{
	token.has_policy = true;
	faulty("policy");
	grant.policy = TEXT("quorum none\n");
	sha256(grant.policy.data, grant.policy.len, &token.policy);
	cr_expect_null(join_check(&asked, &grant));
}

Test(join_check, the_enrolment_is_for_this_host_its_keys_and_this_token)
{
	struct signer other;
	struct hash under, wrong = { { 1 } };
	test_cast('J', &other);
	token_hash(&token.secret, &under);
	enrol("web1", &other.key, &asked.certificate, &under);
	faulty("not for this host");
	enrol("web1", &identity.key, &wrong, &under);
	faulty("not for this host");
	enrol("web1", &identity.key, &asked.certificate, &wrong);
	faulty("not for this host");
	test_cast('Z', &other);
	enrol("web2", &other.key, &asked.certificate, &under);
	faulty("not for this host");
	enrolment.data[40] ^= 1;
	faulty("does not verify");
}

Test(join_check, the_certificate_is_what_was_asked_for)
{
	cleanup_key EVP_PKEY *other = NULL;
	cr_assert_eq(certificate_key_new(&other), 0);
	issue(CERTIFICATE_CLIENT, "swornlog://acme/host/web1", other);
	faulty("certificate is not what was asked for");
	issue(CERTIFICATE_SERVER, "swornlog://acme/host/web1", key);
	faulty("certificate is not what was asked for");
	issue(CERTIFICATE_CLIENT, "swornlog://acme/host/web2", key);
	faulty("certificate is not what was asked for");
}

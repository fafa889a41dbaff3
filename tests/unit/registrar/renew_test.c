#include "lib/certificate_check.h"
#include "tests/unit/registrar/kit.h"

static struct kit k;
static struct kit_host web;
static struct holder who;
static struct buf note;

static void enrol(uint32_t epoch, uint64_t size)
{
	struct known_host *h = &k.sink.host[0];
	*h = (struct known_host){
		.enrolled = true, .good = true, .identity = web.identity.key, .epoch = epoch, .size = size
	};
	cr_assert_eq(certificate_key_spki(web.key, &h->certificate), 0);
	snprintf(k.sink.name[0], LABEL_MAX + 1, "web1");
	k.sink.count = 1;
}

static void set_note(uint32_t epoch, uint64_t size, const struct signer *by)
{
	cleanup_buf struct buf text = { 0 };
	char origin[64];
	struct hash root = { { 7 } };
	snprintf(origin, sizeof(origin), "acme/host/web1/%u", epoch);
	checkpoint_put_text(&text, origin, size, &root);
	buf_reset(&note);
	cr_assert_eq(note_put(&note, buf_span(&text), &by, 1), 0);
}

static void setup(void)
{
	kit_init(&k);
	kit_host_init(&web, "web1");
	enrol(2, 100);
	set_note(2, 90, &web.identity);
	who = (struct holder){ .has_certificate = true };
	cr_assert_eq(certificate_key_spki(web.key, &who.spki), 0);
}

static void teardown(void)
{
	buf_done(&note);
	note = (struct buf){ 0 };
	kit_host_done(&web);
	kit_done(&k);
}

TestSuite(renew, .init = setup, .fini = teardown);

static unsigned renew(struct buf *ret)
{
	cleanup_buf struct buf body = { 0 };
	cleanup_http_answer struct http_answer a = { 0 };
	cr_assert_eq(renewal_put(&body, "acme", "web1", web.key, buf_span(&note)), 0);
	registrar_renew(&k.r, buf_span(&body), &who, &a);
	buf_reset(ret);
	buf_put(ret, a.body.data, a.body.len);
	return a.status;
}

static void refused(const char *wanted)
{
	cleanup_buf struct buf body = { 0 };
	struct span word, sentence;
	cr_expect_eq(renew(&body), 403, "%s", wanted);
	error_text_parse(buf_span(&body), &word, &sentence);
	cr_expect(span_is(word, wanted), "%.*s, not %s", (int)body.len, (const char *)body.data, wanted);
}

static void granted(void)
{
	cleanup_buf struct buf body = { 0 };
	struct grant g;
	struct certificate_wanted want = { .ca = k.r.issuer.ca,
		                           .uri = "swornlog://acme/host/web1",
		                           .spki = who.spki };
	cr_assert_eq(renew(&body), 200, "%.*s", (int)body.len, (const char *)body.data);
	cr_assert_eq(grant_parse(buf_span(&body), &g), 0);
	cr_expect_eq(certificate_check(g.certificate, &want), CERTIFICATE_GOOD);
	cr_expect(g.enrol.len == 0 && g.ca.len == 0 && g.genesis.len == 0 && g.policy.len == 0);
}

Test(renew, a_good_certificate_is_renewed_with_what_the_sink_has)
{
	granted();
}

Test(renew, an_expired_one_takes_a_checkpoint_that_was_never_sent)
{
	who.expired = true;
	refused("stale");
	set_note(2, 100, &web.identity);
	refused("stale");
	set_note(1, 5000, &web.identity);
	refused("stale");
	set_note(2, 101, &web.identity);
	granted();
	set_note(3, 1, &web.identity);
	granted();
}

Test(renew, the_identity_in_force_must_have_signed)
{
	struct signer other;
	test_cast('J', &other);
	set_note(2, 200, &other);
	refused("other-key");
}

Test(renew, the_enrolled_tls_key_must_be_on_both_ends)
{
	struct kit_host thief;
	kit_host_init(&thief, "web1");
	who.spki.b[0] ^= 1;
	refused("other-key");
	who.spki.b[0] ^= 1;
	who.has_certificate = false;
	refused("other-key");
	who.has_certificate = true;
	EVP_PKEY *own = web.key;
	web.key = thief.key;
	refused("other-key");
	web.key = own;
	kit_host_done(&thief);
}

Test(renew, who_is_not_enrolled_or_no_longer_gets_none)
{
	k.sink.host[0].good = false;
	refused("not-enrolled");
	k.sink.count = 0;
	refused("not-enrolled");
}

Test(renew, without_the_sink_it_is_told_to_come_again)
{
	cleanup_buf struct buf body = { 0 };
	k.sink.away = true;
	cr_expect_eq(renew(&body), 503);
}

/* --- an existing authority
 * -------------------------------------------------------------------------------------- */

static void file_name(const char *folder, const char *end, char ret[128])
{
	cleanup_buf struct buf hex = { 0 };
	text_put_hex(&hex, who.spki.b, 8);
	snprintf(ret, 128, "%s/web1.%.16s.%s", folder, (const char *)hex.data, end);
}

static void authority_signs(EVP_PKEY *key, enum certificate_use use, const char *uri, X509 *ca,
                            EVP_PKEY *ca_key)
{
	cleanup_certificate X509 *cert = NULL;
	cleanup_buf struct buf pem = { 0 };
	char path[128];
	struct certificate_plan plan = { .use = use,
		                         .subject = "web1",
		                         .uri = uri,
		                         .days = 3650,
		                         .key = key,
		                         .issuer = ca,
		                         .issuer_key = ca_key };
	cr_assert_eq(certificate_issue(&plan, &cert), 0);
	cr_assert_eq(certificate_put(&pem, cert), 0);
	file_name("certificates", "crt", path);
	fault_env_put(k.env, path, pem.data, pem.len);
}

static void pending(const char *why)
{
	cleanup_buf struct buf body = { 0 };
	cr_expect_eq(renew(&body), 202, "%s", why);
	cr_expect_not_null(memmem(body.data, body.len, "\npending\n", 9));
}

Test(renew, an_existing_authority_finds_the_request_and_its_certificate_is_checked)
{
	const char *uri = "swornlog://acme/host/web1";
	char path[128];
	size_t n;
	struct kit_host thief;
	kit_host_init(&thief, "web1");
	k.r.issuer.ca_key = NULL;
	pending("nothing there");
	file_name("requests", "csr", path);
	uint8_t *pem = fault_env_content(k.env, path, &n);
	cr_assert_not_null(pem);
	cr_expect_eq(memcmp(pem, "-----BEGIN CERTIFICATE REQUEST-----", 35), 0);

	authority_signs(thief.key, CERTIFICATE_CLIENT, uri, k.r.issuer.ca, k.ca_key);
	pending("another key");
	authority_signs(web.key, CERTIFICATE_CLIENT, "swornlog://acme/host/web2", k.r.issuer.ca, k.ca_key);
	pending("another name");
	authority_signs(web.key, CERTIFICATE_SERVER, uri, k.r.issuer.ca, k.ca_key);
	pending("another use");
	authority_signs(web.key, CERTIFICATE_CA, uri, k.r.issuer.ca, k.ca_key);
	pending("an authority");
	authority_signs(web.key, CERTIFICATE_CLIENT, uri, k.r.issuer.ca, thief.key);
	pending("another issuer");
	file_name("certificates", "crt", path);
	fault_env_put(k.env, path, "rubbish", 7);
	pending("rubbish");
	authority_signs(web.key, CERTIFICATE_CLIENT, uri, k.r.issuer.ca, k.ca_key);
	granted();
	kit_host_done(&thief);
}

Test(renew, a_certificate_that_is_old_itself_is_not_handed_out_again)
{
	k.r.issuer.ca_key = NULL;
	authority_signs(web.key, CERTIFICATE_CLIENT, "swornlog://acme/host/web1", k.r.issuer.ca, k.ca_key);
	granted();
	fault_env_tick(k.env, (uint64_t)3500 * 86400 * 1000000);
	pending("nearly over");
}

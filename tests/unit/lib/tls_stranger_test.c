#include <criterion/criterion.h>

#include "lib/certify.h"
#include "lib/tls.h"

#define REGISTRAR "swornlog://acme/registrar"

struct holder {
	EVP_PKEY *key;
	X509 *cert;
};

static struct holder ca, other_ca, registrar, host;
static SSL_CTX *server, *client;
static SSL *s, *c;

static struct holder issue(enum certificate_use use, const char *uri, const struct holder *by)
{
	struct holder h = { 0 };
	cr_assert_eq(certificate_key_new(&h.key), 0);
	struct certificate_plan plan = { .use = use,
		                         .subject = "somebody",
		                         .uri = uri,
		                         .days = 1,
		                         .key = h.key,
		                         .issuer = by ? by->cert : NULL,
		                         .issuer_key = by ? by->key : NULL };
	cr_assert_eq(certificate_issue(&plan, &h.cert), 0);
	return h;
}

static void setup(void)
{
	ca = issue(CERTIFICATE_CA, NULL, NULL);
	other_ca = issue(CERTIFICATE_CA, NULL, NULL);
	registrar = issue(CERTIFICATE_SERVER, REGISTRAR, &ca);
	host = issue(CERTIFICATE_CLIENT, "swornlog://acme/host/web", &ca);
	server = SSL_CTX_new(TLS_server_method());
	client = SSL_CTX_new(TLS_client_method());
	X509_STORE_add_cert(SSL_CTX_get_cert_store(server), ca.cert);
	tls_admit_strangers(server);
}

static void drop(struct holder *h)
{
	EVP_PKEY_free(h->key);
	X509_free(h->cert);
}

static void hang_up(void)
{
	char error[256];
	SSL_free(s);
	SSL_free(c);
	s = c = NULL;
	tls_error(error, sizeof(error));
}

static void teardown(void)
{
	hang_up();
	SSL_CTX_free(server);
	SSL_CTX_free(client);
	drop(&ca);
	drop(&other_ca);
	drop(&registrar);
	drop(&host);
}

TestSuite(tls_stranger, .init = setup, .fini = teardown);

static void use(SSL_CTX *ctx, const struct holder *h)
{
	SSL_CTX_use_certificate(ctx, h->cert);
	SSL_CTX_use_PrivateKey(ctx, h->key);
}

static void expire(struct holder *h, const struct holder *by)
{
	X509_gmtime_adj(X509_getm_notBefore(h->cert), -7200);
	X509_gmtime_adj(X509_getm_notAfter(h->cert), -3600);
	cr_assert_gt(X509_sign(h->cert, by->key, EVP_sha256()), 0);
}

static bool agree(void)
{
	BIO *a, *b;
	hang_up();
	s = SSL_new(server);
	c = SSL_new(client);
	BIO_new_bio_pair(&a, 0, &b, 0);
	SSL_set_bio(s, a, a);
	SSL_set_bio(c, b, b);
	SSL_set_accept_state(s);
	SSL_set_connect_state(c);
	for (int i = 0; i < 10; i++) {
		int one = SSL_do_handshake(c), two = SSL_do_handshake(s);
		if (one == 1 && two == 1)
			return true;
	}
	return false;
}

Test(tls_stranger, who_knows_the_authority_by_hash_finds_the_server)
{
	struct tls_pin pin = { .uri = REGISTRAR };
	cr_assert_eq(certificate_hash(ca.cert, &pin.ca), 0);
	use(server, &registrar);
	tls_demand_pin(client, &pin);
	SSL_CTX_set_mode(server, SSL_MODE_NO_AUTO_CHAIN);
	cr_expect_not(agree(), "the authority was not sent");
	cr_assert_eq(tls_send_ca(server, ca.cert), 0);
	cr_expect(agree());
	pin.ca.b[31] ^= 1;
	cr_expect_not(agree(), "another hash");
	pin.ca.b[31] ^= 1;
	pin.uri = "swornlog://acme/sink";
	cr_expect_not(agree(), "another name");
}

Test(tls_stranger, an_authority_that_is_only_shown_vouches_for_nobody)
{
	struct holder false_one = issue(CERTIFICATE_SERVER, REGISTRAR, &other_ca);
	struct tls_pin pin = { .uri = REGISTRAR };
	cr_assert_eq(certificate_hash(ca.cert, &pin.ca), 0);
	use(server, &false_one);
	cr_assert_eq(tls_send_ca(server, ca.cert), 0);
	cr_assert_eq(tls_send_ca(server, other_ca.cert), 0);
	tls_demand_pin(client, &pin);
	cr_expect_not(agree());
	drop(&false_one);
}

Test(tls_stranger, a_pinned_server_must_be_one_and_in_time)
{
	struct holder no_server = issue(CERTIFICATE_CLIENT, REGISTRAR, &ca);
	struct tls_pin pin = { .uri = REGISTRAR };
	cr_assert_eq(certificate_hash(ca.cert, &pin.ca), 0);
	cr_assert_eq(tls_send_ca(server, ca.cert), 0);
	tls_demand_pin(client, &pin);
	use(server, &no_server);
	cr_expect_not(agree(), "made for clients");
	expire(&registrar, &ca);
	use(server, &registrar);
	cr_expect_not(agree(), "expired");
	drop(&no_server);
}

Test(tls_stranger, a_client_without_certificate_is_let_in_as_nobody)
{
	char uri[TLS_URI_MAX + 1];
	struct hash spki;
	use(server, &registrar);
	cr_assert(agree());
	cr_expect_eq(tls_peer(s, uri, &spki), -ENOENT);
	cr_expect_not(tls_peer_expired(s));
}

Test(tls_stranger, a_client_whose_certificate_has_expired_is_known_as_such)
{
	char uri[TLS_URI_MAX + 1];
	struct hash spki;
	use(server, &registrar);
	use(client, &host);
	cr_assert(agree());
	cr_expect_not(tls_peer_expired(s));
	expire(&host, &ca);
	use(client, &host);
	cr_assert(agree());
	cr_expect(tls_peer_expired(s));
	cr_assert_eq(tls_peer(s, uri, &spki), 0);
	cr_expect_str_eq(uri, "swornlog://acme/host/web");
}

Test(tls_stranger, time_is_all_that_is_forgiven)
{
	struct holder stranger = issue(CERTIFICATE_CLIENT, "swornlog://acme/host/web", &other_ca);
	struct holder wrong_use = issue(CERTIFICATE_SERVER, "swornlog://acme/host/web", &ca);
	use(server, &registrar);
	use(client, &stranger);
	cr_expect_not(agree(), "another authority");
	expire(&stranger, &other_ca);
	use(client, &stranger);
	cr_expect_not(agree(), "another authority, and expired");
	use(client, &wrong_use);
	cr_expect_not(agree(), "made for servers");
	expire(&wrong_use, &ca);
	use(client, &wrong_use);
	cr_expect_not(agree(), "made for servers, and expired");
	drop(&stranger);
	drop(&wrong_use);
}

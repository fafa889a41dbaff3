#include "lib/tls.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <criterion/criterion.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#define SINK "URI:swornlog://acme/sink"
#define HOST "URI:swornlog://acme/host/web"

static char dir[64];
static char error[512];

struct identity {
	EVP_PKEY *key;
	X509 *cert;
};

static const char *at(const char *name)
{
	static char paths[8][128];
	static unsigned turn;
	char *path = paths[turn++ % ARRAY_SIZE(paths)];
	snprintf(path, sizeof(paths[0]), "%s/%s", dir, name);
	return path;
}

static void add(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	cr_assert_not_null(e, "%s", value);
	X509_add_ext(cert, e, -1);
	X509_EXTENSION_free(e);
}

/* One issued by `ca`, or by itself. */
static struct identity issue(const char *name, const struct identity *ca, const char *names,
                             const char *usage)
{
	struct identity i = { EVP_EC_gen("P-256"), X509_new() };
	X509_set_version(i.cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(i.cert), 7);
	X509_gmtime_adj(X509_getm_notBefore(i.cert), -60);
	X509_gmtime_adj(X509_getm_notAfter(i.cert), 3600);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(i.cert), "CN", MBSTRING_ASC,
	                           (const unsigned char *)name, -1, -1, 0);
	X509_set_issuer_name(i.cert, X509_get_subject_name(ca ? ca->cert : i.cert));
	X509_set_pubkey(i.cert, i.key);
	add(i.cert, ca ? ca->cert : i.cert, NID_basic_constraints, ca ? "CA:FALSE" : "critical,CA:TRUE");
	if (names)
		add(i.cert, i.cert, NID_subject_alt_name, names);
	if (usage)
		add(i.cert, i.cert, NID_ext_key_usage, usage);
	cr_assert(X509_sign(i.cert, ca ? ca->key : i.key, EVP_sha256()) > 0);
	return i;
}

static void save(const struct identity *i, const char *cert, const char *key)
{
	FILE *f = fopen(at(cert), "w");
	PEM_write_X509(f, i->cert);
	fclose(f);
	f = fopen(at(key), "w");
	PEM_write_PKCS8PrivateKey(f, i->key, NULL, NULL, 0, NULL, NULL);
	fclose(f);
}

static void drop(struct identity *i)
{
	EVP_PKEY_free(i->key);
	X509_free(i->cert);
}

static struct identity ca, other_ca;

static void make(const char *name, const struct identity *by, const char *names, const char *usage)
{
	char cert[32], key[32];
	snprintf(cert, sizeof(cert), "%s.crt", name);
	snprintf(key, sizeof(key), "%s.key", name);
	struct identity i = issue(name, by, names, usage);
	save(&i, cert, key);
	drop(&i);
}

static void setup(void)
{
	snprintf(dir, sizeof(dir), "/tmp/tls_test.XXXXXX");
	cr_assert_not_null(mkdtemp(dir));
	ca = issue("ca", NULL, NULL, NULL);
	other_ca = issue("other", NULL, NULL, NULL);
	save(&ca, "ca.crt", "ca.key");
	save(&other_ca, "other.crt", "other.key");
	make("sink", &ca, SINK ",DNS:localhost", "serverAuth");
	make("host", &ca, HOST, "clientAuth");
	make("nameless", &ca, "DNS:web", "clientAuth");
	make("double", &ca, HOST "," SINK, "clientAuth");
	make("stranger", &other_ca, HOST, "clientAuth");
	make("clientonly", &ca, SINK, "clientAuth");
}

static void teardown(void)
{
	static const char *const NAMES[] = { "ca",       "other",  "sink",     "host",
		                             "nameless", "double", "stranger", "clientonly" };
	for (size_t i = 0; i < ARRAY_SIZE(NAMES); i++) {
		char name[32];
		snprintf(name, sizeof(name), "%s.crt", NAMES[i]);
		unlink(at(name));
		snprintf(name, sizeof(name), "%s.key", NAMES[i]);
		unlink(at(name));
	}
	rmdir(dir);
	drop(&ca);
	drop(&other_ca);
}

TestSuite(tls, .init = setup, .fini = teardown);

static SSL_CTX *context(bool server, const char *name)
{
	char cert[32], key[32];
	snprintf(cert, sizeof(cert), "%s.crt", name);
	snprintf(key, sizeof(key), "%s.key", name);
	struct tls_files files = { at(cert), at(key), at("ca.crt") };
	SSL_CTX *ctx = NULL;
	int r = server ? tls_server_new(&files, &ctx, error, sizeof(error))
	               : tls_client_new(&files, &ctx, error, sizeof(error));
	cr_assert_eq(r, 0, "%s", error);
	return ctx;
}

struct talk {
	SSL_CTX *server_ctx, *client_ctx;
	SSL *server, *client;
};

static struct talk begin(SSL_CTX *server, SSL_CTX *client)
{
	struct talk t = { server, client, SSL_new(server), SSL_new(client) };
	BIO *a, *b;
	BIO_new_bio_pair(&a, 0, &b, 0);
	SSL_set_bio(t.server, a, a);
	SSL_set_bio(t.client, b, b);
	SSL_set_accept_state(t.server);
	SSL_set_connect_state(t.client);
	return t;
}

/* Both sides in turn until both are done or nothing moves. */
static bool shake(struct talk *t)
{
	for (int i = 0; i < 10; i++) {
		int c = SSL_do_handshake(t->client);
		int s = SSL_do_handshake(t->server);
		if (c == 1 && s == 1)
			return true;
	}
	return false;
}

static void end(struct talk *t)
{
	SSL_free(t->server);
	SSL_free(t->client);
	SSL_CTX_free(t->server_ctx);
	SSL_CTX_free(t->client_ctx);
	tls_error(error, sizeof(error));
}

static bool agree(const char *server, const char *client)
{
	struct talk t = begin(context(true, server), context(false, client));
	bool good = shake(&t);
	end(&t);
	return good;
}

Test(tls, both_sides_see_who_the_other_is)
{
	struct talk t = begin(context(true, "sink"), context(false, "host"));
	cr_assert(shake(&t));
	cr_expect_eq(SSL_version(t.client), TLS1_3_VERSION);
	char uri[TLS_URI_MAX + 1];
	struct hash spki, want;
	cr_assert_eq(tls_peer(t.server, uri, &spki), 0);
	cr_expect_str_eq(uri, "swornlog://acme/host/web");
	cr_assert_eq(certificate_file_spki(at("host.crt"), &want), 0);
	cr_expect(hash_equal(&spki, &want));
	cr_assert_eq(tls_peer(t.client, uri, &spki), 0);
	cr_expect_str_eq(uri, "swornlog://acme/sink");
	end(&t);
}

Test(tls, the_key_hash_is_that_of_the_openssl_command)
{
	char command[256], hex[65] = "";
	snprintf(command, sizeof(command),
	         "openssl x509 -in %s -noout -pubkey | openssl pkey -pubin -outform DER | sha256sum",
	         at("host.crt"));
	FILE *f = popen(command, "r");
	cr_assert_eq(fread(hex, 1, 64, f), 64);
	pclose(f);
	struct hash h;
	cr_assert_eq(certificate_file_spki(at("host.crt"), &h), 0);
	for (int i = 0; i < 32; i++) {
		char two[3];
		snprintf(two, sizeof(two), "%02x", h.b[i]);
		cr_assert_eq(memcmp(hex + 2 * i, two, 2), 0);
	}
}

Test(tls, a_client_of_another_ca_is_refused)
{
	cr_expect_not(agree("sink", "stranger"));
}

Test(tls, a_certificate_for_clients_is_no_server)
{
	cr_expect_not(agree("clientonly", "host"));
}

Test(tls, a_certificate_for_servers_is_no_client)
{
	cr_expect_not(agree("sink", "sink"));
}

Test(tls, a_client_without_certificate_is_refused)
{
	SSL_CTX *bare = SSL_CTX_new(TLS_client_method());
	struct talk t = begin(context(true, "sink"), bare);
	cr_expect_not(shake(&t));
	end(&t);
}

Test(tls, tls_1_2_is_refused)
{
	SSL_CTX *old = context(false, "host");
	SSL_CTX_set_min_proto_version(old, TLS1_2_VERSION);
	SSL_CTX_set_max_proto_version(old, TLS1_2_VERSION);
	struct talk t = begin(context(true, "sink"), old);
	cr_expect_not(shake(&t));
	end(&t);
}

static void peer_is_nobody(const char *client)
{
	struct talk t = begin(context(true, "sink"), context(false, client));
	cr_assert(shake(&t));
	char uri[TLS_URI_MAX + 1] = "untouched";
	struct hash spki;
	cr_expect_eq(tls_peer(t.server, uri, &spki), -ENOENT);
	cr_expect_str_eq(uri, "untouched");
	end(&t);
}

Test(tls, a_peer_without_a_uri_is_nobody)
{
	peer_is_nobody("nameless");
}

Test(tls, a_peer_with_two_uris_is_nobody)
{
	peer_is_nobody("double");
}

Test(tls, a_demanded_uri_is_enforced_in_the_handshake)
{
	static char sink[] = "swornlog://acme/sink", wrong[] = "swornlog://acme/sinks";
	SSL_CTX *client = context(false, "host");
	tls_demand_uri(client, sink);
	struct talk t = begin(context(true, "sink"), client);
	cr_expect(shake(&t));
	end(&t);

	client = context(false, "host");
	tls_demand_uri(client, wrong);
	t = begin(context(true, "sink"), client);
	cr_expect_not(shake(&t));
	end(&t);
}

Test(tls, a_demanded_uri_does_not_replace_the_chain)
{
	static char sink[] = "swornlog://acme/sink";
	make("stranger", &other_ca, SINK, "serverAuth");
	SSL_CTX *client = context(false, "host");
	tls_demand_uri(client, sink);
	struct talk t = begin(context(true, "stranger"), client);
	cr_expect_not(shake(&t));
	end(&t);
}

static void unusable(const char *cert, const char *key, const char *ca_file, const char *begins)
{
	struct tls_files files = { at(cert), at(key), at(ca_file) };
	SSL_CTX *ctx = NULL;
	cr_expect_eq(tls_client_new(&files, &ctx, error, sizeof(error)), -EINVAL);
	cr_expect_null(ctx);
	cr_expect(strncmp(error, begins, strlen(begins)) == 0, "%s", error);
	cr_expect_not_null(strstr(error, " cannot be used: "), "%s", error);
}

Test(tls, files_that_cannot_be_used_are_named)
{
	unusable("nowhere.crt", "host.key", "ca.crt", "certificate /tmp/tls_test.");
	unusable("host.crt", "nowhere.key", "ca.crt", "key /tmp/tls_test.");
	unusable("host.crt", "sink.key", "ca.crt", "key /tmp/tls_test.");
	unusable("host.crt", "host.key", "nowhere.crt", "ca /tmp/tls_test.");
}

Test(tls, an_encrypted_key_is_refused_without_asking)
{
	struct identity i = issue("locked", &ca, HOST, "clientAuth");
	FILE *f = fopen(at("host.crt"), "w");
	PEM_write_X509(f, i.cert);
	fclose(f);
	f = fopen(at("host.key"), "w");
	PEM_write_PKCS8PrivateKey(f, i.key, EVP_aes_128_cbc(), "secret", 6, NULL, NULL);
	fclose(f);
	drop(&i);
	unusable("host.crt", "host.key", "ca.crt", "key /tmp/tls_test.");
}

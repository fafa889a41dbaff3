/* Connections on which one side has no good certificate yet, or does not hold the other's authority. */
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "lib/tls.h"

static void store_freep(X509_STORE **store)
{
	X509_STORE_free(*store);
}

static void store_ctx_freep(X509_STORE_CTX **ctx)
{
	X509_STORE_CTX_free(*ctx);
}

/* --- the server's side
 * ------------------------------------------------------------------------------------------ */

/* Who has no certificate passes anyway: FAIL_IF_NO_PEER_CERT is off. */
static int pass_expired(int good, X509_STORE_CTX *store)
{
	bool expired = X509_STORE_CTX_get_error(store) == X509_V_ERR_CERT_HAS_EXPIRED &&
	               X509_STORE_CTX_get_error_depth(store) == 0;
	if (good || !expired)
		return good;
	X509_STORE_CTX_set_error(store, X509_V_OK);
	return 1;
}

void tls_admit_strangers(SSL_CTX *ctx)
{
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, pass_expired);
}

int tls_send_ca(SSL_CTX *ctx, X509 *ca)
{
	return SSL_CTX_add1_chain_cert(ctx, ca) == 1 ? 0 : -ENOMEM;
}

bool tls_peer_expired(SSL *ssl)
{
	cleanup_certificate X509 *cert = SSL_get1_peer_certificate(ssl);
	return cert && X509_cmp_current_time(X509_get0_notAfter(cert)) < 0;
}

/* --- the client's side
 * ------------------------------------------------------------------------------------------ */

static X509 *find(const STACK_OF(X509) * chain, const struct hash *wanted)
{
	for (int i = 0; chain && i < sk_X509_num(chain); i++) {
		struct hash h;
		X509 *cert = sk_X509_value(chain, i);
		if (certificate_hash(cert, &h) == 0 && hash_equal(&h, wanted))
			return cert;
	}
	return NULL;
}

static bool chain_ends_in(X509 *leaf, STACK_OF(X509) * chain, X509 *ca)
{
	cleanup(store_freep) X509_STORE *store = X509_STORE_new();
	cleanup(store_ctx_freep) X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	return store && ctx && X509_STORE_add_cert(store, ca) == 1 &&
	       X509_STORE_CTX_init(ctx, store, leaf, chain) == 1 &&
	       X509_STORE_CTX_set_default(ctx, "ssl_server") == 1 && X509_verify_cert(ctx) == 1;
}

static int verify_pin(X509_STORE_CTX *store, void *wanted)
{
	const struct tls_pin *pin = wanted;
	char uri[TLS_URI_MAX + 1];
	X509 *leaf = X509_STORE_CTX_get0_cert(store);
	STACK_OF(X509) *chain = X509_STORE_CTX_get0_untrusted(store);
	X509 *ca = find(chain, &pin->ca);
	if (!ca)
		X509_STORE_CTX_set_error(store, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY);
	else if (!chain_ends_in(leaf, chain, ca))
		X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REJECTED);
	else if (certificate_uri(leaf, uri) < 0 || strcmp(uri, pin->uri) != 0)
		X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
	else
		X509_STORE_CTX_set_error(store, X509_V_OK);
	return X509_STORE_CTX_get_error(store) == X509_V_OK;
}

void tls_demand_pin(SSL_CTX *ctx, const struct tls_pin *pin)
{
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_cert_verify_callback(ctx, verify_pin, (void *)(uintptr_t)pin);
}

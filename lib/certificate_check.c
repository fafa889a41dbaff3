#include "lib/certificate_check.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "lib/pem.h"

#define CHAIN_MAX 8

static void chain_freep(STACK_OF(X509) * *chain)
{
	sk_X509_pop_free(*chain, X509_free);
}

static void store_freep(X509_STORE **store)
{
	X509_STORE_free(*store);
}

static void store_ctx_freep(X509_STORE_CTX **ctx)
{
	X509_STORE_CTX_free(*ctx);
}

const char *certificate_fault_words(enum certificate_fault f)
{
	static const char *const WORDS[] = {
		[CERTIFICATE_GOOD] = "is good",
		[CERTIFICATE_UNREADABLE] = "is no certificate in PEM",
		[CERTIFICATE_OTHER_KEY] = "is of another key",
		[CERTIFICATE_OTHER_NAME] = "does not have the host's URI as its only one",
		[CERTIFICATE_WRONG_USE] = "is not for TLS clients, or not for them alone",
		[CERTIFICATE_NOT_IN_TIME] = "has expired, or is not valid yet",
		[CERTIFICATE_OTHER_ISSUER] = "was not issued by the fleet's authority",
	};
	return WORDS[f];
}

static STACK_OF(X509) * read_chain(struct span pem)
{
	cleanup(chain_freep) STACK_OF(X509) *chain = sk_X509_new_null();
	cleanup_bio BIO *bio = pem_bio(pem);
	X509 *cert;
	while (bio && chain && sk_X509_num(chain) < CHAIN_MAX &&
	       (cert = PEM_read_bio_X509(bio, NULL, pem_no_passphrase, NULL))) {
		if (sk_X509_push(chain, cert) <= 0)
			X509_free(cert);
	}
	ERR_clear_error();
	return chain && sk_X509_num(chain) > 0 ? TAKE_PTR(chain) : NULL;
}

static bool for_clients_alone(X509 *cert)
{
	return X509_get_extended_key_usage(cert) == XKU_SSL_CLIENT && X509_check_ca(cert) == 0;
}

static enum certificate_fault fault_of(int error)
{
	switch (error) {
	case X509_V_OK:
		return CERTIFICATE_GOOD;
	case X509_V_ERR_CERT_HAS_EXPIRED:
	case X509_V_ERR_CERT_NOT_YET_VALID:
		return CERTIFICATE_NOT_IN_TIME;
	case X509_V_ERR_INVALID_PURPOSE:
		return CERTIFICATE_WRONG_USE;
	default:
		return CERTIFICATE_OTHER_ISSUER;
	}
}

static enum certificate_fault check_chain(STACK_OF(X509) * chain, X509 *ca)
{
	cleanup(store_freep) X509_STORE *store = X509_STORE_new();
	cleanup(store_ctx_freep) X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	if (!store || !ctx || X509_STORE_add_cert(store, ca) != 1 ||
	    X509_STORE_CTX_init(ctx, store, sk_X509_value(chain, 0), chain) != 1 ||
	    X509_STORE_CTX_set_default(ctx, "ssl_client") != 1)
		return CERTIFICATE_OTHER_ISSUER;
	bool good = X509_verify_cert(ctx) == 1;
	return good ? CERTIFICATE_GOOD : fault_of(X509_STORE_CTX_get_error(ctx));
}

enum certificate_fault certificate_check(struct span pem, const struct certificate_wanted *want)
{
	cleanup(chain_freep) STACK_OF(X509) *chain = read_chain(pem);
	char uri[CERTIFICATE_URI_MAX + 1];
	struct hash spki;
	if (!chain)
		return CERTIFICATE_UNREADABLE;
	X509 *leaf = sk_X509_value(chain, 0);
	if (certificate_spki(leaf, &spki) < 0 || !hash_equal(&spki, &want->spki))
		return CERTIFICATE_OTHER_KEY;
	if (certificate_uri(leaf, uri) < 0 || strcmp(uri, want->uri) != 0)
		return CERTIFICATE_OTHER_NAME;
	if (!for_clients_alone(leaf))
		return CERTIFICATE_WRONG_USE;
	enum certificate_fault fault = check_chain(chain, want->ca);
	ERR_clear_error();
	return fault;
}

static bool seconds_of(const ASN1_TIME *t, int64_t *ret)
{
	struct tm tm;
	if (ASN1_TIME_to_tm(t, &tm) != 1)
		return false;
	*ret = timegm(&tm);
	return true;
}

int certificate_times(struct span pem, int64_t *ret_from_s, int64_t *ret_until_s)
{
	cleanup(chain_freep) STACK_OF(X509) *chain = read_chain(pem);
	int64_t from, until;
	if (!chain || !seconds_of(X509_get0_notBefore(sk_X509_value(chain, 0)), &from) ||
	    !seconds_of(X509_get0_notAfter(sk_X509_value(chain, 0)), &until))
		return -EBADMSG;
	*ret_from_s = from;
	*ret_until_s = until;
	return 0;
}

int64_t certificate_renew_s(int64_t from_s, int64_t until_s)
{
	return until_s > from_s ? until_s - (until_s - from_s) / 3 : until_s;
}

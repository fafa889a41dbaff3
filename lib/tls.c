#include "lib/tls.h"

#include <stdio.h>

#include <openssl/err.h>

#include "lib/certificate.h"
#include "lib/pem.h"

static void ctx_freep(SSL_CTX **ctx)
{
	SSL_CTX_free(*ctx);
}

static int fail_file(const char *what, const char *path, char *error, size_t error_size)
{
	char reason[256];
	tls_error(reason, sizeof(reason));
	snprintf(error, error_size, "%s %s cannot be used: %s", what, path, reason);
	return -EINVAL;
}

static int load_files(SSL_CTX *ctx, const struct tls_files *files, char *error, size_t error_size)
{
	SSL_CTX_set_default_passwd_cb(ctx, pem_no_passphrase);
	if (SSL_CTX_use_certificate_chain_file(ctx, files->certificate) != 1)
		return fail_file("certificate", files->certificate, error, error_size);
	if (SSL_CTX_use_PrivateKey_file(ctx, files->key, SSL_FILETYPE_PEM) != 1)
		return fail_file("key", files->key, error, error_size);
	if (SSL_CTX_check_private_key(ctx) != 1)
		return fail_file("key", files->key, error, error_size);
	if (SSL_CTX_load_verify_file(ctx, files->ca) != 1)
		return fail_file("ca", files->ca, error, error_size);
	return 0;
}

static int context_new(const SSL_METHOD *method, const struct tls_files *files, SSL_CTX **ret, char *error,
                       size_t error_size)
{
	cleanup(ctx_freep) SSL_CTX *ctx = SSL_CTX_new(method);
	if (!ctx) {
		tls_error(error, error_size);
		return -ENOMEM;
	}
	SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION);
	SSL_CTX_set_max_proto_version(ctx, TLS1_3_VERSION);
	SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
	SSL_CTX_set_num_tickets(ctx, 0);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_max_early_data(ctx, 0);
	/* Thousands of idle connections must not each hold two record buffers. */
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
	                              SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	int r = load_files(ctx, files, error, error_size);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(ctx);
	return 0;
}

int tls_server_new(const struct tls_files *files, SSL_CTX **ret, char *error, size_t error_size)
{
	cleanup(ctx_freep) SSL_CTX *ctx = NULL;
	int r = context_new(TLS_server_method(), files, &ctx, error, error_size);
	if (r < 0)
		return r;
	STACK_OF(X509_NAME) *issuers = SSL_load_client_CA_file(files->ca);
	if (!issuers)
		return fail_file("ca", files->ca, error, error_size);
	SSL_CTX_set_client_CA_list(ctx, issuers);
	*ret = TAKE_PTR(ctx);
	return 0;
}

int tls_client_new(const struct tls_files *files, SSL_CTX **ret, char *error, size_t error_size)
{
	return context_new(TLS_client_method(), files, ret, error, error_size);
}

int tls_peer(SSL *ssl, char ret_uri[TLS_URI_MAX + 1], struct hash *ret_spki)
{
	cleanup_certificate X509 *cert = SSL_get1_peer_certificate(ssl);
	char uri[TLS_URI_MAX + 1];
	struct hash spki;
	if (!cert || certificate_uri(cert, uri) < 0 || certificate_spki(cert, &spki) < 0) {
		ERR_clear_error();
		return -ENOENT;
	}
	memcpy(ret_uri, uri, sizeof(uri));
	*ret_spki = spki;
	return 0;
}

static int verify_chain_and_uri(X509_STORE_CTX *store, void *wanted)
{
	char uri[TLS_URI_MAX + 1];
	if (X509_verify_cert(store) != 1)
		return 0;
	if (certificate_uri(X509_STORE_CTX_get0_cert(store), uri) == 0 && strcmp(uri, wanted) == 0)
		return 1;
	X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
	return 0;
}

void tls_demand_uri(SSL_CTX *ctx, char *uri)
{
	SSL_CTX_set_cert_verify_callback(ctx, verify_chain_and_uri, uri);
}

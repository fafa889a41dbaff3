/* TLS 1.3 with certificates on both sides, and who the peer is (docs/format.md section 12). OpenSSL's error
 * queue is drained here and nowhere else. */
#ifndef SWORNLOG_LIB_TLS_H
#define SWORNLOG_LIB_TLS_H

#include <openssl/ssl.h>

#include "lib/certificate.h"
#include "lib/digest.h"

struct tls_files {
	const char *certificate; /* PEM, chain allowed */
	const char *key;         /* PEM, PKCS #8 */
	const char *ca;          /* PEM: the only issuers trusted */
};

/* A context for either side: TLS 1.3 only, no tickets, no renegotiation, no early data, peer certificate
 * demanded. `error` gets a sentence. */
must_check int tls_server_new(const struct tls_files *files, SSL_CTX **ret, char *error, size_t error_size);
must_check int tls_client_new(const struct tls_files *files, SSL_CTX **ret, char *error, size_t error_size);

#define TLS_URI_MAX CERTIFICATE_URI_MAX

/* The peer's one URI subject alternative name and H(SubjectPublicKeyInfo). -ENOENT without certificate or
 * with not exactly one such name. */
must_check int tls_peer(SSL *ssl, char ret_uri[TLS_URI_MAX + 1], struct hash *ret_spki);
/* From now on the context's handshakes fail unless the peer's chain verifies and its one URI subject
 * alternative name is `uri`, which is kept, not copied. */
void tls_demand_uri(SSL_CTX *ctx, char *uri);

/* The newest error of OpenSSL's queue as a sentence; the queue is emptied. */
void tls_error(char *error, size_t error_size);

#endif

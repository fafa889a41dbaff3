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

/* As a context for clients, for a server whose authority is not at hand but known by hash: the handshake
 * fails unless the server sends a chain that ends in the certificate of which `ca` is H(DER), and its one URI
 * is `uri`. The pin is kept, not copied. */
struct tls_pin {
	const char *uri;
	struct hash ca;
};
void tls_demand_pin(SSL_CTX *ctx, const struct tls_pin *pin);

/* For a server that also talks with those who have no certificate yet, or one that has expired. Any other
 * certificate that does not verify fails the handshake as before. */
void tls_admit_strangers(SSL_CTX *ctx);
/* Send the authority's certificate along, for those who know it by its hash only. */
must_check int tls_send_ca(SSL_CTX *ctx, X509 *ca);
/* Whether the peer's certificate is past its time; false without one. */
bool tls_peer_expired(SSL *ssl);

/* The newest error of OpenSSL's queue as a sentence; the queue is emptied. */
void tls_error(char *error, size_t error_size);

#endif

/* X.509 keys and certificates of a fleet (docs/format.md section 12): ECDSA P-256, made through OpenSSL.
 *
 * Functions return 0 or a negative errno; -EIO: OpenSSL refused, and tls_error tells why.
 */
#ifndef SWORNLOG_LIB_CERTIFY_H
#define SWORNLOG_LIB_CERTIFY_H

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "lib/buf.h"
#include "lib/certificate.h"

void certificate_key_freep(EVP_PKEY **key);
#define cleanup_key cleanup(certificate_key_freep)

enum certificate_use { CERTIFICATE_CA, CERTIFICATE_SERVER, CERTIFICATE_CLIENT, CERTIFICATE_BOTH };

struct certificate_plan {
	enum certificate_use use;
	const char *subject; /* common name */
	const char *uri;     /* URI subject alternative name; NULL: none */
	const char *names;   /* DNS names and IP addresses, separated by commas; NULL: none */
	unsigned days;
	EVP_PKEY *key;        /* whose certificate it is; the private half is not needed */
	X509 *issuer;         /* NULL: signs itself */
	EVP_PKEY *issuer_key; /* likewise */
};

must_check int certificate_key_new(EVP_PKEY **ret);
/* H(DER SubjectPublicKeyInfo) of a key; the private half is not needed. */
must_check int certificate_key_spki(const EVP_PKEY *key, struct hash *ret);
/* -EINVAL: a name is neither a DNS name nor an address. */
must_check int certificate_issue(const struct certificate_plan *plan, X509 **ret);

/* PEM; wipe the buffer of a key after use. */
must_check int certificate_put_key(struct buf *b, EVP_PKEY *key);
must_check int certificate_put(struct buf *b, X509 *cert);
/* -EBADMSG: not the PEM text of one. */
must_check int certificate_parse_key(struct span pem, EVP_PKEY **ret);
must_check int certificate_parse(struct span pem, X509 **ret);

/* What signatures by this key are made with. */
const EVP_MD *certificate_md(const EVP_PKEY *key);
/* Append O=swornlog and this common name. -EIO. */
must_check int certificate_set_name(X509_NAME *name, const char *subject);

#endif

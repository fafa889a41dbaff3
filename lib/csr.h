/* Certificate signing requests (PKCS #10) of hosts, as docs/format.md section 20 has them: signed by the key
 * that they are for, and asking for one URI and clientAuth, so that any authority can sign them as they are.
 *
 * Functions return 0 or a negative errno; -EIO: OpenSSL refused, and tls_error tells why.
 */
#ifndef SWORNLOG_LIB_CSR_H
#define SWORNLOG_LIB_CSR_H

#include "lib/certify.h"

#define CSR_MAX_BYTES 4096

/* Append one in DER. -EINVAL: `uri` is none that can be asked for. */
must_check int csr_put(struct buf *b, EVP_PKEY *key, const char *subject, const char *uri);
/* Check its signature, and that it asks for `uri` and clientAuth, and for nothing else: an authority may copy
 * what is asked for. *ret is the public key, owned by the caller. -EBADMSG; -EKEYREJECTED: not an ECDSA P-256
 * or Ed25519 key; -EPERM: it asks for something else. */
must_check int csr_parse(struct span der, const char *uri, EVP_PKEY **ret);
/* Append the PEM text of a request in DER, as authorities want it. */
must_check int csr_put_pem(struct buf *b, struct span der);

#endif

/* What a certificate says of its holder (docs/format.md section 12). Needs libcrypto only. */
#ifndef SWORNLOG_LIB_CERTIFICATE_H
#define SWORNLOG_LIB_CERTIFICATE_H

#include <openssl/x509.h>

#include "lib/digest.h"

#define CERTIFICATE_URI_MAX 255

void certificate_freep(X509 **cert);
#define cleanup_certificate cleanup(certificate_freep)

/* The certificate's one URI subject alternative name. -ENOENT unless there is exactly one, of printable
 * ASCII.
 */
must_check int certificate_uri(const X509 *cert, char ret[CERTIFICATE_URI_MAX + 1]);
/* H(DER SubjectPublicKeyInfo). -ENOENT if it has none that can be encoded. */
must_check int certificate_spki(const X509 *cert, struct hash *ret);
/* H(DER of the whole certificate). -ENOENT as above. */
must_check int certificate_hash(const X509 *cert, struct hash *ret);
/* The same as certificate_spki of a PEM file's first certificate. -EBADMSG, or what opening gave. */
must_check int certificate_file_spki(const char *path, struct hash *ret_spki);

#endif

/* Host certificates: made with the authority's key, or, without it, asked for from an existing authority.
 *
 * An existing authority finds signing requests as `<host>.<16 hex digits of its key's hash>.csr` in one
 * folder, and puts what it has signed as the same name with `.crt` into another. What it puts there is
 * checked.
 */
#ifndef SWORNLOG_REGISTRAR_ISSUER_H
#define SWORNLOG_REGISTRAR_ISSUER_H

#include "evidence/request.h"
#include "lib/certificate.h"
#include "lib/certify.h"

struct issuer {
	const struct env *env;
	X509 *ca;
	EVP_PKEY *ca_key;    /* NULL: an existing authority signs */
	int requests_fd;     /* used then */
	int certificates_fd; /* likewise */
	unsigned days;       /* else: how long a certificate lasts */
};

/* Append the certificate, in PEM, that the request asks for. -EINPROGRESS: the authority has not signed yet,
 * or what it put there can't be used; `why` gets that in words, or nothing. */
must_check int issuer_issue(const struct issuer *i, const struct request *r, struct buf *ret, char *why,
                            size_t why_size);

#endif

/* What a host asks for (docs/format.md section 20): to be enrolled, or a new certificate for the key that is
 * enrolled.
 *
 * Both hold a PKCS #10 request, which the TLS key signs, and a host checkpoint with the identity key's line:
 * that key signs nothing but checkpoints. In a request to be enrolled it is the checkpoint of the empty log.
 */
#ifndef SWORNLOG_EVIDENCE_REQUEST_H
#define SWORNLOG_EVIDENCE_REQUEST_H

#include <openssl/evp.h>

#include "evidence/note.h"
#include "evidence/token.h"

#define REQUEST_MAX_BYTES 16384

struct request {
	char fleet[LABEL_MAX + 1];
	char host[LABEL_MAX + 1];
	struct key identity; /* of an enrolment; a renewal does not name it */
	bool has_secret;     /* of an enrolment: with the secret of a join token */
	struct token_secret secret;
	struct buf csr;            /* DER */
	EVP_PKEY *certificate_key; /* public half; owned */
	struct hash certificate;   /* H(its SubjectPublicKeyInfo) */
	struct span checkpoint;    /* the note, in the parsed bytes */
	uint32_t epoch;            /* of the checkpoint */
	uint64_t size;
};

void request_done(struct request *r);
#define cleanup_request cleanup(request_done)

/* Append the request of this fleet and host to be enrolled; `secret` is a token's, or NULL. -EINVAL for
 * labels that are none. */
must_check int request_put(struct buf *b, const char *fleet, const char *host, const struct signer *identity,
                           EVP_PKEY *certificate_key, const struct token_secret *secret);
/* Parse and verify: all its keys have signed for this host. -EBADMSG, -ENOKEY (not signed by the identity),
 * -EKEYREJECTED and -EPERM as csr_parse. */
must_check int request_parse(struct span bytes, struct request *ret);

/* Append a renewal: `checkpoint` is the host's newest with its identity's line. */
must_check int renewal_put(struct buf *b, const char *fleet, const char *host, EVP_PKEY *certificate_key,
                           struct span checkpoint);
/* Parse, and verify all but the identity's line. */
must_check int renewal_parse(struct span bytes, struct request *ret);
/* Whether this identity key has signed the renewal's checkpoint. -ENOKEY, -EBADMSG. */
must_check int renewal_verify(const struct request *r, const struct key *identity);

#endif

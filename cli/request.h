/* A host's request to be enrolled: a note that the host signs with its identity key, and an administrator
 * turns into an enrolment.
 *
 * Its text: `swornlog-request/v1`, `fleet <fleet>`, `host <host>`, `identity <vkey>`, `certificate <base64
 * PKCS #10>`. Both keys sign, each for itself, so that nobody can ask for a key that isn't theirs.
 */
#ifndef SWORNLOG_CLI_REQUEST_H
#define SWORNLOG_CLI_REQUEST_H

#include <openssl/evp.h>

#include "evidence/note.h"

#define REQUEST_MAX_BYTES NOTE_MAX_BYTES

struct request {
	char fleet[LABEL_MAX + 1];
	char host[LABEL_MAX + 1];
	struct key identity;
	EVP_PKEY *certificate_key; /* public half; owned */
};

/* Append the request of this fleet and host. -EINVAL for labels that are none. */
must_check int request_put(struct buf *b, const char *fleet, const char *host, const struct signer *identity,
                           EVP_PKEY *certificate_key);
/* Parse and verify. -EBADMSG, -ENOKEY (not signed by the identity), -EKEYREJECTED. */
must_check int request_parse(struct span bytes, struct request *ret);
void request_done(struct request *r);
#define cleanup_request cleanup(request_done)

#endif

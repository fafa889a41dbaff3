/* What a witness answers (docs/format.md 16.2): it checks that a log goes on from what it has seen of it,
 * stores that durably, and only then signs. Knows no socket. */
#ifndef SWORNLOG_WITNESS_COSIGNER_H
#define SWORNLOG_WITNESS_COSIGNER_H

#include "evidence/policy.h"
#include "lib/http.h"
#include "witness/clock.h"
#include "witness/store.h"

struct cosigner {
	const struct signer *signer;
	const struct policy *policy; /* whose logs are served */
	struct store *store;
	struct clock clock;
	bool failing; /* the last one could not be stored, or not be dated */
};

/* All is used, not owned. */
void cosigner_init(struct cosigner *c, const struct signer *signer, const struct policy *policy,
                   struct store *store);
/* The answer to add-checkpoint with this body. */
void cosigner_add(struct cosigner *c, struct span body, struct http_answer *ret);
/* The answer to who asks for the checkpoint of the log with this H(origin), in hex. */
void cosigner_show(const struct cosigner *c, struct span hex, struct http_answer *ret);

#endif

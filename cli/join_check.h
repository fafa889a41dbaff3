/* What a registrar grants, against what the token pins (docs/format.md section 20.3). */
#ifndef SWORNLOG_CLI_JOIN_CHECK_H
#define SWORNLOG_CLI_JOIN_CHECK_H

#include "evidence/grant.h"
#include "evidence/token.h"

struct join_asked {
	const struct token *token;
	const char *host;
	const struct key *identity;
	struct hash certificate; /* H(SubjectPublicKeyInfo) of the TLS key */
};

/* NULL if all of it fits, else what does not, as a sentence. */
const char *join_check(const struct join_asked *asked, const struct grant *g);

#endif

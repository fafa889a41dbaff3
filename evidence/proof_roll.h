/* What the statements of a proof file make of its host and of the fleet log's key (docs/format.md section 17,
 * step 3). */
#ifndef SWORNLOG_EVIDENCE_PROOF_ROLL_H
#define SWORNLOG_EVIDENCE_PROOF_ROLL_H

#include "evidence/roll.h"

struct proof_roll {
	const char *host; /* its label */
	struct roll roll;
	bool enrolled;
	struct standing standing; /* of the host, once it is enrolled */
	uint64_t identity_index;  /* of the statement that gave it the identity in force */
};

/* Both are kept, not copied. */
void proof_roll_init(struct proof_roll *r, const struct genesis *g, const char *host);
void proof_roll_done(struct proof_roll *r);
/* The next statement, which has verified by itself. NULL, or a sentence that says why it has no effect. What
 * section 11.2 says of a host's newest committed head is not asked for: only the whole fleet log tells. */
const char *proof_roll_take(struct proof_roll *r, const struct statement *s, uint64_t index,
                            uint64_t time_us);

#endif

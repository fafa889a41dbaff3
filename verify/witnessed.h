/* Which witnesses have cosigned the newest published checkpoint, and is that enough for a policy?
 * (docs/format.md sections 15 and 16) */
#ifndef SWORNLOG_VERIFY_WITNESSED_H
#define SWORNLOG_VERIFY_WITNESSED_H

#include "evidence/policy.h"
#include "verify/finding.h"

#define WITNESSED_NAMES_MAX 512

struct witnessed {
	bool asked;       /* there was a policy, and a checkpoint that could be read */
	bool quorum;      /* so many as the policy wants have cosigned; false under `quorum none` */
	uint64_t size;    /* of that checkpoint */
	uint64_t time_s;  /* of the newest cosignature */
	unsigned signers; /* witnesses of the policy that have cosigned */
	char names[WITNESSED_NAMES_MAX]; /* of those, as the policy has them; cut where there are too many */
};

/* The checkpoint that lies in `file`. Too few cosignatures are a finding, and so is one that does not verify.
 */
void witnessed_judge(const struct policy *p, const struct key *log, struct span note, const char *file,
                     struct findings *f, struct witnessed *ret);

#endif

/* What a proof file proves, by whom, and what it does not: line by line, for people and as JSON. */
#ifndef SWORNLOG_CLI_EXPLAIN_H
#define SWORNLOG_CLI_EXPLAIN_H

#include "evidence/policy.h"
#include "evidence/proof.h"

/* A proof that was looked at. */
struct proof_view {
	const struct proof *proof;
	const struct proof_facts *facts;
	enum proof_step failed;      /* the first step that does not hold; PROOF_STEPS: all do */
	const char *why;             /* of it */
	const struct policy *policy; /* NULL: none was given */
	const char *policy_fault;    /* the checkpoint does not hold under the policy: why; NULL: it does */
	const struct policy_verdict *witnessed; /* with a policy */
};

bool proof_view_good(const struct proof_view *v);
/* 0 or what kept it from being made; `colour`: for a terminal. */
must_check int explain_put_text(struct buf *b, const struct proof_view *v, bool colour);
must_check int explain_put_json(struct buf *b, const struct proof_view *v);

#endif

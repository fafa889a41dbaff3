#include "cli/verify_proof.h"

#include <stdio.h>
#include <unistd.h>

#include "cli/explain.h"
#include "cli/command.h"
#include "cli/terminal.h"

static const char *policy_fault(const struct proof_view *v, struct policy_verdict *verdict)
{
	switch (policy_check(v->policy, v->proof->note, &v->facts->log, verdict)) {
	case 0:
		return verdict->quorum ? NULL : "too few of the policy's witnesses have cosigned";
	case -ENOKEY:
		return "the policy lists logs, and this fleet's is not among them";
	default:
		return "the line of a witness does not verify";
	}
}

static int print(const struct verify_request *q, const struct proof_view *v)
{
	cleanup_buf struct buf out = { 0 };
	int r = q->json ? explain_put_json(&out, v)
	                : explain_put_text(&out, v, terminal_colour(STDOUT_FILENO));
	if (r < 0)
		return command_fail("%s", strerror(-r));
	fwrite(out.data, 1, out.len, stdout);
	return proof_view_good(v) ? COMMAND_OK : COMMAND_FINDINGS;
}

static int check(const struct verify_request *q, const struct proof *p)
{
	struct proof_facts facts;
	struct policy_verdict verdict = { 0 };
	struct proof_view v = { .proof = p, .facts = &facts, .policy = q->policy, .witnessed = &verdict };
	v.failed = proof_check(p, q->anchor, &facts, &v.why);
	if (q->policy && v.failed > PROOF_FLEET_LOG)
		v.policy_fault = policy_fault(&v, &verdict);
	return print(q, &v);
}

int verify_proof(const struct verify_request *q, const char *path, struct span bytes)
{
	cleanup_buf struct buf scratch = { 0 };
	cleanup_free struct proof *p = calloc(1, sizeof(*p));
	int r = p ? proof_parse(bytes, &scratch, p) : -ENOMEM;
	if (r == -EBADMSG) {
		command_fail("%s: a proof file that is cut short or malformed", path);
		return COMMAND_FINDINGS;
	}
	return r < 0 ? command_fail("%s", strerror(-r)) : check(q, p);
}

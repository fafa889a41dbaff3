#include "verify/witnessed.h"

#include <stdio.h>

static void take_name(struct witnessed *w, const char *name)
{
	size_t len = strlen(w->names);
	snprintf(w->names + len, sizeof(w->names) - len, "%s%s", len ? ", " : "", name);
}

static void take_signers(const struct policy *p, const struct policy_verdict *v, struct witnessed *w)
{
	const struct policy_witness *witness;
	for (size_t i = 0; (witness = policy_witness(p, i)); i++) {
		if (!(v->cosigned >> i & 1))
			continue;
		w->signers++;
		w->time_s = MAX(w->time_s, v->time_s[i]);
		take_name(w, witness->name);
	}
}

void witnessed_judge(const struct policy *p, const struct key *log, struct span note, const char *file,
                     struct findings *f, struct witnessed *ret)
{
	struct policy_verdict v;
	struct place at = { .file = file };
	switch (policy_check(p, note, log, &v)) {
	case 0:
		break;
	case -ENOKEY:
		find(f, VERDICT_UNWITNESSED, &at, "the policy does not list the log that signed it");
		return;
	default:
		find(f, VERDICT_WRONGLY_SEALED, &at,
		     "a line of the log or of a known witness does not verify");
		return;
	}
	struct witnessed w = { .asked = true, .size = v.checkpoint.size };
	take_signers(p, &v, &w);
	w.quorum = v.quorum && !policy_is_open(p);
	if (!v.quorum)
		find(f, VERDICT_UNWITNESSED, &at, "%u of the policy's witnesses have cosigned it: no quorum",
		     w.signers);
	*ret = w;
}

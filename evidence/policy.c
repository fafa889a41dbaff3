#include "evidence/cosignature.h"
#include "evidence/generation.h"
#include "evidence/policy_layout.h"

void policy_free(struct policy *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < POLICY_MAX_LOGS; i++)
		free(p->log[i].url);
	for (size_t i = 0; i < POLICY_MAX_WITNESSES; i++) {
		free(p->witness[i].name);
		free(p->witness[i].url);
	}
	for (size_t i = 0; i < POLICY_MAX_GROUPS; i++)
		free(p->group[i].name);
	free(p);
}

void policy_freep(struct policy **p)
{
	policy_free(*p);
}

const struct policy_log *policy_log(const struct policy *p, size_t i)
{
	return i < p->log_count ? &p->log[i] : NULL;
}

const struct policy_witness *policy_witness(const struct policy *p, size_t i)
{
	return i < p->witness_count ? &p->witness[i] : NULL;
}

bool policy_is_open(const struct policy *p)
{
	return p->quorum == 0;
}

/* Groups name only what stands above them, so one pass is enough. */
static bool has_quorum(const struct policy *p, uint64_t members)
{
	for (size_t i = 0; i < p->group_count; i++) {
		const struct policy_group *g = &p->group[i];
		if ((unsigned)__builtin_popcountll(members & g->members) >= g->need)
			members |= POLICY_GROUP_BIT(i);
	}
	return p->quorum == 0 || (members & p->quorum) != 0;
}

bool policy_met(const struct policy *p, uint32_t witnesses)
{
	return has_quorum(p, witnesses);
}

bool policy_lists(const struct policy *p, const struct key *log)
{
	for (size_t i = 0; i < p->log_count; i++) {
		if (key_equal(&p->log[i].key, log))
			return true;
	}
	return p->log_count == 0;
}

/* The witnesses' keys, then those of the logs that may have signed. */
static size_t known_keys(const struct policy *p, const struct key *log, struct span origin,
                         struct key keys[POLICY_MAX_WITNESSES + POLICY_MAX_LOGS])
{
	size_t n = 0;
	for (size_t i = 0; i < p->witness_count; i++)
		keys[n++] = p->witness[i].key;
	for (size_t i = 0; !log && i < p->log_count; i++) {
		if (span_is(origin, p->log[i].key.name))
			keys[n++] = p->log[i].key;
	}
	uint64_t generation;
	struct key own;
	if (log && generation_parse(origin, log, &generation) == 0 &&
	    generation_key(log, generation, &own) == 0 && policy_lists(p, &own))
		keys[n++] = own;
	return n;
}

/* A key's first line counts, as in note_verify. */
static uint64_t time_of(const struct note *n, const struct key *k)
{
	struct note_signature s;
	for (size_t i = 0; note_signature(n, i, &s); i++) {
		if (span_is(s.name, k->name) && memcmp(s.id, k->id, sizeof(k->id)) == 0)
			return cosignature_time(&s);
	}
	return 0;
}

int policy_check(const struct policy *p, struct span bytes, const struct key *log, struct policy_verdict *ret)
{
	struct note n;
	struct policy_verdict v = { 0 };
	struct key keys[POLICY_MAX_WITNESSES + POLICY_MAX_LOGS];
	uint64_t by = 0;
	if (note_parse(bytes, &n) < 0 || checkpoint_parse(n.text, &v.checkpoint) < 0)
		return -EBADMSG;
	size_t count = known_keys(p, log, v.checkpoint.origin, keys);
	int r = note_verify(&n, keys, count, &by);
	if (r < 0)
		return r;
	uint64_t witnesses = by & (((uint64_t)1 << p->witness_count) - 1);
	if (witnesses == by)
		return -ENOKEY;
	v.cosigned = (uint32_t)witnesses;
	v.quorum = has_quorum(p, witnesses);
	for (size_t i = 0; i < p->witness_count; i++) {
		if (v.cosigned & (uint32_t)1 << i)
			v.time_s[i] = time_of(&n, &keys[i]);
	}
	*ret = v;
	return 0;
}

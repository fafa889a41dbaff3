/* A policy in memory, for the two files that make and read it. */
#ifndef SWORNLOG_EVIDENCE_POLICY_LAYOUT_H
#define SWORNLOG_EVIDENCE_POLICY_LAYOUT_H

#include "evidence/policy.h"

/* Members are bits: 0 to 31 the witnesses, 32 to 63 the groups, in the order of the file. */
#define POLICY_GROUP_BIT(i) ((uint64_t)1 << (POLICY_MAX_WITNESSES + (i)))

struct policy_group {
	char *name;
	uint64_t members;
	unsigned need;
};

struct policy {
	size_t log_count, witness_count, group_count;
	struct policy_log log[POLICY_MAX_LOGS];
	struct policy_witness witness[POLICY_MAX_WITNESSES];
	struct policy_group group[POLICY_MAX_GROUPS];
	bool has_quorum;
	uint64_t quorum; /* one member's bit; 0 for none */
};

#endif

/* A proof file made from the evidence functions alone, and its parts to be spoilt before it is written.
 * Aborts on any error. */
#ifndef SWORNLOG_TESTS_SUPPORT_MAKE_PROOF_H
#define SWORNLOG_TESTS_SUPPORT_MAKE_PROOF_H

#include "evidence/proof.h"
#include "tests/support/host_log.h"

#define MADE_LEAVES 8

/* Epoch 2 of the host web-1: leaves 0 to 3 (a process, two opens by it, their seal), 4 and 5 (an open, its
 * seal), 6 and 7 likewise. Checkpoints at 4, 6 and 8; the identity key has signed the first. Committed is
 * size 8. */
struct made_proof {
	struct test_fleet fleet;
	struct host_log host;
	char origin[ORIGIN_MAX + 1];
	struct buf leaf[MADE_LEAVES];
	struct hash hash[MADE_LEAVES];
	struct buf note[3];
	struct buf fleet_entry[4]; /* genesis, enrolment, commit; of MADE_REVOKED a revocation before it */
	struct buf fleet_note;
	struct hash path[64][MERKLE_MAX_PROOF];
	size_t paths;
	struct proof proof;
};

enum made_way {
	MADE_DIRECT,  /* entry 1, through the checkpoint of size 4, which the identity key signed */
	MADE_REVOKED, /* as MADE_DIRECT, but the host was revoked beyond size 2 before the commit */
	MADE_LINKED,  /* entry 6, through that of size 8, by two links */
};

void make_proof_init(struct made_proof *m, const char *fleet, enum made_way way);
void make_proof_done(struct made_proof *m);
#define cleanup_made_proof cleanup(make_proof_done)

#endif

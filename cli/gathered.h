/* What is kept of a store for proofs while it goes by. For gather.c, gathered.c and gather_proof.c alone. */
#ifndef SWORNLOG_CLI_GATHERED_H
#define SWORNLOG_CLI_GATHERED_H

#include "cli/batch_leaves.h"
#include "cli/gather.h"
#include "evidence/proof_roll.h"
#include "evidence/record.h"
#include "verify/fleet_tree.h"

/* One batch: how it was signed, and its seal. */
struct kept_batch {
	uint64_t size; /* of the log, with it */
	bool identity; /* the identity key has signed, too */
	struct buf note;
	struct buf seal; /* the leaf */
};

must_check int kept_batch_set(struct kept_batch *k, const struct batch *b, const struct batch_leaves *l);
must_check int kept_batch_copy(struct kept_batch *k, const struct kept_batch *from);
void kept_batch_done(struct kept_batch *k);

/* Batches from one that the identity key signed up to the newest. */
struct kept_run {
	struct kept_batch *batch; /* PROOF_MAX_LINKS of them, NULL before the first */
	size_t count;
	bool overflow; /* more than a proof may hold */
};

must_check int kept_run_add(struct kept_run *r, const struct kept_batch *k);
must_check int kept_run_copy(struct kept_run *r, const struct kept_run *from);
void kept_run_clear(struct kept_run *r);
void kept_run_done(struct kept_run *r);

/* A committed head, and the commit that holds it. */
struct kept_commit {
	bool found;
	uint64_t size;
	struct hash root;
	uint64_t index; /* of the fleet log entry */
	struct buf entry;
	uint64_t position, heads;
	size_t path_len;
	struct hash path[MERKLE_MAX_PATH];
};

/* From a commit's record, of which the head number `position` is the one. */
must_check int kept_commit_set(struct kept_commit *k, const struct fleet_record *record, uint64_t position,
                               const struct record_head *head);
void kept_commit_done(struct kept_commit *k);

/* One entry that a proof is wanted of. */
struct wanted {
	uint64_t index;
	bool found;
	struct buf leaf;
	uint64_t process; /* ENTRY_NO_PROCESS: none */
	struct buf process_leaf;
	struct kept_batch own;  /* its batch */
	struct kept_run before; /* those that vouch for its seal key */
	struct kept_batch
	        signed_by; /* the first from its batch on with the identity key's signature; size 0: none */
	struct kept_commit committed, signed_committed; /* the first commits that cover the two */
};

void wanted_done(struct wanted *w);

/* A statement of the fleet log that may be needed. */
struct kept_statement {
	uint64_t index;
	bool needed;       /* else a token that nobody used yet */
	struct hash token; /* of a token statement */
	struct buf entry;
};

/* In their order. A zeroed one is empty. */
struct kept_statements {
	struct kept_statement *list;
	size_t count, cap;
};

void kept_statements_done(struct kept_statements *k);
must_check int kept_statements_add(struct kept_statements *k, const struct statement *s, uint64_t index,
                                   struct span entry);

struct gather {
	struct gather_request request;
	struct genesis genesis;
	struct buf genesis_bytes;
	struct fleet_tree *fleet; /* the fleet log */
	struct fleet_tree *log;   /* the host's, of `epoch` */
	uint32_t epoch;           /* 0: none seen */
	char origin[ORIGIN_MAX + 1];
	struct buf published, newest; /* fleet checkpoints: fleet/checkpoint, and that of the newest record */
	struct batch_leaves leaves;
	struct kept_batch batch; /* the newest */
	struct kept_run recent;
	struct wanted *wanted; /* as many as the request has */
	struct proof_roll roll;
	struct kept_statements statements;
	bool for_processes; /* the second time through */
	struct buf scratch;
};

#endif

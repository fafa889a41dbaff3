/* Proof files: one entry of a host log, provable offline to whoever holds the genesis statement
 * (docs/format.md section 17). */
#ifndef SWORNLOG_EVIDENCE_PROOF_H
#define SWORNLOG_EVIDENCE_PROOF_H

#include "evidence/fleet.h"
#include "evidence/roll.h"

#define PROOF_FIRST_LINE     "swornlog-proof/v1"
#define PROOF_MAX_BYTES      (1u << 20)
#define PROOF_MAX_LINKS      256
#define PROOF_MAX_STATEMENTS 64

/* A leaf of a log, with its inclusion path: 32 bytes a hash, leaf sibling first. */
struct proof_leaf {
	uint64_t index;
	struct span entry;
	struct span path;
};

struct proof_link {
	struct span note;
	struct proof_leaf seal;
};

struct proof {
	struct hash genesis;
	struct span origin;
	struct proof_leaf entry, seal, process;
	bool has_process;
	size_t link_count;
	struct proof_link link[PROOF_MAX_LINKS];
	struct span checkpoint; /* of the host */
	uint64_t head_size;
	struct hash head_root;
	struct span head_path; /* consistency, 32 bytes a hash */
	uint64_t position, heads;
	struct span commit_path;
	struct proof_leaf commit;
	size_t statement_count;
	struct proof_leaf statement[PROOF_MAX_STATEMENTS];
	struct span note; /* of the fleet log */
};

/* True for what may be a proof file, by its first line. */
bool proof_is(struct span bytes);
/* The form alone. `scratch` takes what was decoded; spans of *ret point into it and into `bytes`. -EBADMSG,
 * -ENOMEM. *ret is large, and unusable after an error. */
must_check int proof_parse(struct span bytes, struct buf *scratch, struct proof *ret);
/* The inverse. -EMSGSIZE in the buffer if it would be too long. */
void proof_put(struct buf *b, const struct proof *p);

/* What is checked, in this order (the steps of section 17). */
enum proof_step {
	PROOF_GENESIS,
	PROOF_STATEMENTS,
	PROOF_FLEET_LOG,
	PROOF_COMMIT,
	PROOF_HEAD,
	PROOF_SIGNED,
	PROOF_ENTRY,
	PROOF_SEAL,
	PROOF_PROCESS,
	PROOF_STEPS /* all of them hold */
};
const char *proof_step_name(enum proof_step s);

/* What the parts of a proof say: each part is filled in when its step has held. Spans point into the proof.
 */
struct proof_facts {
	struct genesis genesis;
	struct origin origin;
	struct standing host_standing; /* at the commit */
	uint64_t identity_index;       /* of the statement that gave the host its identity */
	struct key log;                /* signed the fleet checkpoint */
	struct checkpoint fleet;
	uint64_t commit_time_us; /* by the sink's clock */
	struct checkpoint host;
	struct note host_note;
	struct entry entry;
	struct seal seal;
	struct entry process;
};

/* Returns the first step that does not hold, with a sentence about it in *ret_why (static), or PROOF_STEPS.
 * `anchor` is the genesis statement. */
enum proof_step proof_check(const struct proof *p, struct span anchor, struct proof_facts *ret,
                            const char **ret_why);

#endif

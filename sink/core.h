/* The sink without its network: the state of one store, and the steps that change it.
 *
 * Order that always holds: a commit's group is datasynced before anything that it signed or decided can be
 * seen.
 */
#ifndef SWORNLOG_SINK_CORE_H
#define SWORNLOG_SINK_CORE_H

#include "evidence/statement.h"
#include "sink/at_rest.h"
#include "sink/commit.h"
#include "sink/proofs.h"
#include "sink/store.h"

struct core_options {
	const char *store;          /* folder */
	uint64_t min_free_bytes;    /* below it nothing is appended */
	uint64_t journal_max_bytes; /* of commit groups, before a new journal is begun */
	uint64_t silent_after_us;
	struct span genesis;         /* statement */
	enum at_rest at_rest;        /* how finished segments are to be protected */
	const struct signer *signer; /* the fleet log's key; outlives the core */
	const struct signer
	        *next_signer; /* the one that follows on it, or came before it; NULL: not at hand */
};

struct core_counts {
	uint64_t batches, entries, bytes; /* committed since the start */
	uint64_t commits, refused;
};

struct core {
	const struct env *env;
	struct core_options options;
	struct genesis genesis;
	struct roll roll;
	const struct statement
	        *handing_on; /* a statement of kind log-key that the group under way has in it */
	struct store store;
	struct journal journal;
	struct hosts hosts;
	struct fleet_log log;
	struct commit commit;
	struct proofs proofs;
	bool asks_witnesses; /* receipts say so */
	uint64_t witnessed;  /* size of the newest checkpoint with the policy's quorum; 0: none */
	struct buf cosigned; /* that checkpoint with its lines */
	struct chain_scratch *scratch;
	uint64_t first_closed; /* journals from here to the one before this are to become segments */
	size_t unhashed_hosts;
	size_t hash_in_at;   /* hosts before this one had their turn */
	uint64_t generation; /* of the fleet log */
	struct key log_key;  /* its key, under the generation's name */
	bool dead;           /* a disk failed: nothing is acked from here on */
	int at_rest;         /* 0, or why the file system does not protect segments */
	struct core_counts staged_counts, counts;
};

/* Open the store, cut a torn tail, read the newest journal. Nothing is signed. `error` gets a sentence.
 * Blocks. */
must_check int core_open(const struct env *env, const struct core_options *options, struct core **ret,
                         char *error, size_t error_size);
/* Say in the fleet log that the sink has started: the first thing that is signed. `detail` is docs/format.md
 * section 9's. */
must_check int core_begin(struct core *c, struct span detail, char *error, size_t error_size);
/* The log is of this generation from here on. -EINVAL. */
must_check int core_set_generation(struct core *c, uint64_t generation);
/* Nothing is written: see core_stop. */
void core_free(struct core *c);
void core_freep(struct core **c);

/* Make what was gathered durable. -ENOSPC, -EDQUOT: it was dropped, except for the sink's own entries. -EIO:
 * the core is dead. Blocks for the disk. */
must_check int core_commit(struct core *c);
/* The one of the sink's keys that this is, or NULL. */
const struct signer *core_signer(const struct core *c, const struct key *k);
/* Plan an entry of the sink's own (fleet entry kind 5); it is kept until a commit takes it. */
must_check int core_note(struct core *c, enum sink_what what, struct span detail);
/* Publish tiles and checkpoint of all that is durable. */
must_check int core_publish(struct core *c);
/* Publish as of an earlier size: `note` is the checkpoint that was signed then, with lines of witnesses. */
must_check int core_publish_as(struct core *c, uint64_t size, struct span note);
/* Begin a new journal if this one is large enough and all hosts are hashed in. 1 if one was begun. */
must_check int core_rotate(struct core *c);
/* Journal `number` is a segment now: remove it. */
must_check int core_drop_journal(struct core *c, uint64_t number);
/* Plan an entry for each host that has just become silent. Returns how many, or an error. */
must_check int core_watch(struct core *c);
/* What receipts carry from now on: the newest checkpoint that has the policy's quorum, with its lines. */
must_check int core_set_witnessed(struct core *c, uint64_t size, struct span note);
/* The last commit before an orderly end, and its publication, unless that is for the witnesses to come first.
 */
must_check int core_stop(struct core *c);

#endif

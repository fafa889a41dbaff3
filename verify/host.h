/* What a verifier keeps of each host while the batches of all of them go by: the chain of each epoch, the
 * heads that commits have named, and the row of the report. */
#ifndef SWORNLOG_VERIFY_HOST_H
#define SWORNLOG_VERIFY_HOST_H

#include "evidence/chain.h"
#include "evidence/key_entry.h"
#include "evidence/record.h"
#include "evidence/roll.h"
#include "verify/days.h"
#include "verify/finding.h"
#include "verify/fleet_tree.h"
#include "verify/generations.h"
#include "verify/views.h"

#define HOST_MAX_EPOCHS 4096
#define LOSS_REASONS    16
#define KEYS_REMEMBERED 64

/* A head that a commit names, waiting for its batch. */
struct committed_head {
	uint64_t size;
	struct hash root;
	uint64_t commit;                   /* index of the fleet entry */
	uint64_t group;                    /* commit group within the file */
	size_t stand;                      /* of the host, for what it commits */
	uint64_t time_us, sink_started_us; /* of the commit, and of the newest start of the sink before it */
	bool goodbye;                      /* the batch that ends in this head says so */
};

/* Batches in a row with the same thing to be said of them. */
struct batch_run {
	uint64_t first, last, batches;
	uint64_t worst_us;
};

struct epoch_boot {
	uint8_t id[16];
	uint64_t index; /* of the seal that named it first */
};

/* A head that the host has announced, whose data may come later. */
struct announced_head {
	uint64_t size;
	struct hash root;
	uint64_t index, time_us; /* of the fleet entry */
};

#define ANNOUNCED_KEPT 64

struct loss_sum {
	uint64_t entries;
	uint64_t counted;              /* sum of the counts that enter `lost` */
	uint64_t at_most;              /* sum of the counts that are upper bounds */
	bool uncounted;                /* some loss has no count, or only a lower bound of it */
	uint64_t reason[LOSS_REASONS]; /* entries by reason; the last one: any other */
};

struct log_epoch {
	struct origin origin;
	char name[ORIGIN_MAX + 1];
	struct chain *chain; /* NULL until a first batch was good */
	bool stuck;          /* the chain can't be followed any more */
	uint64_t next_first; /* where a batch would continue the last one that was seen, checked or not */
	uint64_t unchecked;  /* batches behind a fault, which nothing ties to what is before it */
	uint64_t unchecked_from;
	bool has_epoch_entry;
	uint64_t cause;
	struct epoch_head predecessor, receipted;
	uint64_t
	        abandoned; /* entries of earlier epochs that will never be shipped, as the epoch entry says */
	struct abandoned *given_up; /* the same, range by range, ascending */
	size_t given_up_len;
	bool has_posture;
	struct hash posture;
	struct loss_sum loss;
	uint64_t committed_size; /* of the newest head */
	struct committed_head *heads;
	size_t head_at, head_len, head_cap;
	size_t covered; /* of the heads: the one that covers the batch under way; head_len: none */
	size_t silence_at;
	struct clock_base clock;               /* of the newest seal; all zero before the first */
	uint64_t fleet_size, fleet_generation; /* the largest fleet head in its seals */
	struct batch_run late, ahead;
	struct batch_run revoked; /* `batches` counts commits */
	struct epoch_boot *boots;
	size_t boot_len, boot_cap;
	bool touched; /* in this file */
	struct announced_head
	        *announced; /* ANNOUNCED_KEPT of them once there is one: no batch has reached these */
	size_t announced_len;
};

/* A fleet head in a seal that lies beyond the fleet log as read so far. */
struct head_claim {
	const char *origin; /* the epoch's name */
	uint64_t index;
	struct fleet_head head;
};

#define CLAIMS_KEPT 64

/* What the host is from a statement on. */
struct host_stand {
	uint64_t index; /* of the statement's fleet entry */
	enum statement_kind kind;
	uint64_t enrolled_at;       /* index of the enrolment that the identity goes back to */
	struct log_point announced; /* rotate */
	struct standing standing;
};

/* An entry of kind 9. */
struct host_announced {
	uint32_t epoch;
	uint64_t index;
	bool vouched;
	struct key_entry entry;
};

struct host_closing {
	uint32_t epoch;
	uint64_t index;
	char reason[LABEL_MAX + 1];
};

struct log_host {
	char label[LABEL_MAX + 1];
	uint64_t enrolled_at;     /* index of the fleet entry that enrolled it first */
	struct host_stand *stand; /* by index; never empty */
	size_t stand_len, stand_cap;
	uint64_t began_at; /* 1 + enrolled_at of the stand that an epoch entry was seen of */
	struct host_announced *announced_keys;
	size_t announced_len;
	struct host_closing *closings;
	size_t closing_len;
	struct log_point newest_head; /* committed, of the newest epoch */
	size_t number;                /* in order of enrolment, from 0 */
	bool selected;                /* entries are hashed; else only heads and commits are looked at */
	struct log_epoch **epoch;     /* ascending */
	size_t epoch_count;
	uint64_t newest_epoch, newest_commit;
	/* of the newest commit of all its epochs */
	uint64_t heard_us, heard_index; /* time_us 0: none yet */
	const char *heard_in;           /* the epoch's name */
	bool goodbye;
	uint8_t boot_id[16];
	bool same_machine;
	/* The first bytes of the newest seal keys that have signed, and of the seeds beside them: rings. */
	uint64_t used_key[KEYS_REMEMBERED], used_seed[KEYS_REMEMBERED];
	size_t used_at;
	struct head_claim *beyond; /* GENERATIONS_MAX of them once there is one: the largest head beyond what
	                            each   generation went on from */
	struct head_claim *claims; /* CLAIMS_KEPT of them once there is one */
	size_t claim_len;
	/* for the report */
	uint64_t entries, batches, signatures, gaps, silences;
	uint64_t first_wall_us, last_wall_us;
	uint64_t lost;
	uint32_t verdicts; /* 1 << enum verdict */
	struct days days;
};

/* Who signs the fleet log's notes of sizes above `index`. */
struct log_key {
	uint64_t index;
	struct key key;
	bool has_former;
	struct key former;
	uint64_t overlap_end_us;
};

struct hosts {
	const struct genesis *genesis;
	struct roll roll;
	struct log_key *log_key; /* those behind the genesis statement's */
	size_t log_key_len;
	struct findings *findings;
	struct fleet_tree *tree;        /* NULL: no fleet log at hand (a spool) */
	bool structure;                 /* only seals and epoch entries are opened */
	bool spool;                     /* no commits to be covered by, and earlier epochs may be gone */
	struct views *views;            /* where fleet heads in seals are kept, too; may be NULL */
	struct generations generations; /* of the fleet log */
	unsigned input;
	const char *only; /* label of the one host to check wholly, or NULL */
	struct chain_scratch *scratch;
	struct log_host **host; /* by label */
	size_t count, cap;
	struct log_epoch **touched;
	size_t touched_len, touched_cap;
	uint8_t sink_boot_id[64][16]; /* the newest that the sink has told */
	size_t sink_boots;
	uint64_t time_us,
	        sink_started_us; /* of the newest fleet entry, and of the newest start of the sink */
};

must_check int hosts_init(struct hosts *h, const struct genesis *g, struct findings *f,
                          struct fleet_tree *tree, const char *only);
void hosts_done(struct hosts *h);
/* The same hosts for one of several threads, with findings and scratch of its own. No two threads may check
 * batches of one host, and nothing but batches may go by meanwhile. `h` stays the owner of all. */
struct hosts hosts_view(const struct hosts *h, struct findings *f, struct chain_scratch *scratch);

struct log_host *hosts_find(const struct hosts *h, const char *label);
/* Add a host that is not there. It has no stand yet. */
must_check int hosts_add(struct hosts *h, const char *label, uint64_t index, struct log_host **ret);
/* Add the host of a verified statement that gives it its identity, where there is no fleet log at hand. */
must_check int hosts_enrol(struct hosts *h, const struct statement *e);
/* -E2BIG beyond HOST_MAX_EPOCHS. */
must_check int host_epoch(struct log_host *host, const struct origin *o, struct log_epoch **ret);

/* -E2BIG when there are more than an honest file holds. */
must_check int epoch_push_head(struct log_epoch *e, const struct committed_head *head);

/* A finding about one host: it also enters the host's row. `host` may be NULL. */
void host_find(struct hosts *h, struct log_host *host, enum verdict v, const struct place *at,
               const char *fmt, ...) printf_like(5, 6);

/* coverage.c */

/* A head of a commit: `group` numbers the commit groups of this file. */
must_check int coverage_head(struct hosts *h, const struct place *at, const struct record_head *head,
                             uint64_t commit, uint64_t group);
/* A batch of this file has come by; group 0: any (segments). */
must_check int coverage_batch(struct hosts *h, struct log_host *host, struct log_epoch *e,
                              const struct place *at, const struct batch *b, uint64_t group);
/* The file has ended: heads without a batch are missing ones. */
void coverage_end_file(struct hosts *h, const char *file);

/* announced.c */

/* An announcement among the fleet entries (docs/format.md 19.1). */
must_check int announced_take(struct hosts *h, const struct place *at, struct span note, uint64_t index);
/* A batch has come by: does it keep what was announced? */
void announced_batch(struct hosts *h, struct log_host *host, struct log_epoch *e, const struct place *at,
                     const struct batch *b);
/* After the last file: what was announced and never came. */
void announced_finish(struct hosts *h, struct log_host *host, const struct log_epoch *e);

/* host_batch.c */

/* Parse a batch record's payload, find its host, check it. Returns -ENOMEM or -EIO only. */
must_check int hosts_batch(struct hosts *h, const struct place *at, struct span payload, uint64_t group);

/* host_finish.c */

/* After the last file: epochs, losses, what could not be checked. */
must_check int hosts_finish(struct hosts *h);

#endif

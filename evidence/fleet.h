/* Fleet log entries, commits and receipts (docs/format.md sections 9, 10 and 12). */
#ifndef SWORNLOG_EVIDENCE_FLEET_H
#define SWORNLOG_EVIDENCE_FLEET_H

#include "evidence/note.h"
#include "evidence/seal.h"
#include "evidence/succession.h"

enum fleet_kind {
	FLEET_COMMIT = 1,
	FLEET_STATEMENT = 2,
	FLEET_READ = 3,
	FLEET_ALERT = 4,
	FLEET_SINK = 5,
	FLEET_ANNOUNCE = 6,
};
enum sink_what {
	SINK_STARTED = 0,
	SINK_STOPPED = 1,
	SINK_RESTORED = 2,
	SINK_HOST_SILENT = 3,
	SINK_HOST_HEARD = 4,
	SINK_FORK_REFUSED = 5,
	SINK_WITNESS_AHEAD = 6, /* it claims a size beyond the log's */
};

#define FLEET_ENTRY_MAX  65535
#define COMMIT_MAX_HEADS 65536

struct fleet_entry {
	uint64_t kind; /* enum fleet_kind; others are carried, with the fields below unset */
	uint64_t time_us;
	struct hash root;   /* commit */
	uint64_t heads;     /* commit */
	struct span note;   /* statement, announce */
	uint64_t what;      /* sink */
	struct span detail; /* sink */
};

void fleet_put_entry(struct buf *b, const struct fleet_entry *e);
must_check int fleet_parse_entry(struct span bytes, struct fleet_entry *ret);

/* The leaf of a head in a commit tree: the hash of its checkpoint text. */
void commit_leaf(struct span origin, uint64_t size, const struct hash *root, struct hash *ret);

#define RECEIPT_MAX_BYTES 65536

struct receipt {
	struct span origin;
	uint64_t size;
	struct hash root;
	uint64_t position;
	uint64_t heads;
	size_t commit_path_len;
	struct hash commit_path[MERKLE_MAX_PATH];
	struct span entry; /* when parsed: points into receipt_scratch of the caller */
	uint64_t index;
	size_t fleet_path_len;
	struct hash fleet_path[MERKLE_MAX_PATH];
	uint64_t old_size;
	size_t consistency_len;
	struct hash consistency[MERKLE_MAX_PROOF];
	struct span log_keys;  /* statements that hand on the fleet log's key, as succession.h has them */
	bool has_witnessed;    /* the sink asks witnesses */
	struct span witnessed; /* the newest cosigned checkpoint; empty: none yet */
	size_t witnessed_proof_len;
	struct hash witnessed_proof[MERKLE_MAX_PROOF]; /* from its size to the note's */
	struct span note;
};

void receipt_put(struct buf *b, const struct receipt *r);
/* `entry_bytes` takes the decoded fleet entry, which ret->entry points into; other spans point into `bytes`.
 */
must_check int receipt_parse(struct span bytes, struct buf *entry_bytes, struct receipt *ret);

enum receipt_verdict {
	RECEIPT_OK = 0,
	RECEIPT_BAD_NOTE,      /* not signed by the fleet log */
	RECEIPT_BAD_COMMIT,    /* step 2 or 3 */
	RECEIPT_BAD_INCLUSION, /* step 4 */
	RECEIPT_WRONG_OLD,     /* proof is not from the head that we hold */
	RECEIPT_ROLLBACK,      /* the fleet log is smaller than the head that we hold */
	RECEIPT_INCONSISTENT,  /* the fleet log's history was rewritten: an attack */
	RECEIPT_BAD_WITNESSED, /* the witnessed checkpoint is none of the fleet log, or above the note's size
	                        */
	RECEIPT_TWO_HISTORIES, /* the witnessed checkpoint and the note don't fit: an attack */
};
const char *receipt_verdict_name(enum receipt_verdict v);
/* True if `head` is of a later generation than the one held: the sink was restored from a copy. */
bool fleet_head_renews(const struct fleet_head *head, const struct fleet_head *held);
/* Steps 1 to 5 and 7 of section 10; step 6, that the head is one's own, is the caller's. `held` may have size
 * 0. *ret_head is the new fleet head, set on RECEIPT_OK. */
enum receipt_verdict receipt_check(const struct receipt *r, const struct key *log,
                                   const struct fleet_head *held, struct fleet_head *ret_head);
/* The same where the key was handed on. `log` is the caller's to make of r->log_keys. */
enum receipt_verdict receipt_check_by(const struct receipt *r, const struct succession *log,
                                      const struct fleet_head *held, struct fleet_head *ret_head);

struct conflict {
	struct span reason; /* "size", "epoch" or "fork" */
	uint64_t epoch;
	uint64_t size;
	struct span note;    /* empty if none */
	struct span receipt; /* empty if none */
	struct span log;     /* newest fleet checkpoint; empty if none */
};
void conflict_put(struct buf *b, const struct conflict *c);
must_check int conflict_parse(struct span bytes, struct conflict *ret);

#endif

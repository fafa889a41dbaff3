/* One epoch of a host log, batch by batch: does this batch continue it? (docs/format.md sections 8 and 15.5)
 *
 * The sink asks with CHAIN_SHALLOW (root, signatures, seal and epoch entries), verifiers with CHAIN_DEEP
 * (every body).
 */
#ifndef SWORNLOG_EVIDENCE_CHAIN_H
#define SWORNLOG_EVIDENCE_CHAIN_H

#include "evidence/batch.h"
#include "evidence/seal.h"

enum chain_depth { CHAIN_SHALLOW, CHAIN_DEEP };

enum chain_verdict {
	CHAIN_OK = 0,
	CHAIN_WRONG_FIRST,    /* does not begin where the log ends */
	CHAIN_UNPACK,         /* packed bytes or entry framing don't fit the header */
	CHAIN_WRONG_ROOT,     /* entries don't hash to the note's root */
	CHAIN_WRONG_SEAL,     /* seal line missing, or not by the key that was named */
	CHAIN_WRONG_IDENTITY, /* identity line missing where due, or not by the key in force, or an extra line
	                       */
	CHAIN_NO_SEAL_ENTRY,  /* last entry is not a seal, or the seal does not fit the batch */
	CHAIN_NO_EPOCH_ENTRY, /* first entry of an epoch is not one, or does not fit */
	CHAIN_BAD_BODY,       /* CHAIN_DEEP: a body is malformed, or a seal or epoch entry is out of place */
	CHAIN_BAD_REFERENCE,  /* CHAIN_DEEP: an index that names no earlier entry */
	CHAIN_BAD_ACCOUNT,    /* CHAIN_DEEP: the counts don't add up */
};
const char *chain_verdict_name(enum chain_verdict v);

/* The lines of a host checkpoint behind the first (section 4): one or two under the identity's name, or none.
 * False if they are others; *ret_vouched: one of them is by this key and verifies. */
bool host_lines_ok(const struct note *note, const struct key *identity, bool *ret_vouched);

/* State between batches. Plain values: copy it to try, assign to commit. */
struct chain {
	struct origin origin;
	struct key identity;
	struct frontier tree;
	struct ed25519_public next_key; /* unset while tree.size is 0: the epoch entry names it */
	struct account account;
	uint64_t declared_lost;      /* sum of the counts of loss entries: CHAIN_DEEP */
	uint64_t declared_exactness; /* the worst of the loss entries: CHAIN_DEEP */
};

void chain_init(struct chain *c, const struct origin *o, const struct key *identity);

/* Scratch memory for any number of checks. */
struct chain_scratch;
must_check int chain_scratch_new(struct chain_scratch **ret);
void chain_scratch_free(struct chain_scratch *s);
void chain_scratch_freep(struct chain_scratch **s);
#define cleanup_chain_scratch cleanup(chain_scratch_freep)

struct chain_result {
	struct seal seal; /* points into the scratch's raw bytes: valid until the next check */
	bool vouched;     /* the identity key has signed too */
	bool has_epoch;
	struct epoch_start epoch; /* likewise */
	struct span raw;          /* the raw entries, likewise */
	uint64_t bad_index;       /* leaf index that a verdict is about, where it is about one */
};

/* Check a parsed batch against the chain. On CHAIN_OK (and only then) *c is advanced. Returns 0, or -ENOMEM /
 * -EIO for trouble that says nothing about the batch. */
must_check int chain_check(struct chain *c, const struct batch *b, enum chain_depth depth,
                           struct chain_scratch *scratch, enum chain_verdict *ret_verdict,
                           struct chain_result *ret);

#endif

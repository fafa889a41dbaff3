/* Generations of the fleet log: after the sink was restored from an older copy its log goes on under another
 * name, so that no signature contradicts an earlier one of its origin (docs/format.md section 19.3). */
#ifndef SWORNLOG_EVIDENCE_GENERATION_H
#define SWORNLOG_EVIDENCE_GENERATION_H

#include "evidence/key.h"
#include "lib/digest.h"

#define GENERATION_MAX 4294967295u

/* The generation of a fleet log's origin: 1 for the name of `log`, the key that the genesis statement names,
 * or the number behind it. -EBADMSG if it is another log's. */
must_check int generation_parse(struct span origin, const struct key *log, uint64_t *ret);
/* The same Ed25519 key under the name of a generation. `log` and *ret may be the same. */
must_check int generation_key(const struct key *log, uint64_t generation, struct key *ret);

/* What the entry "restored" says. */
struct restored {
	uint64_t former;     /* generation */
	uint64_t size;       /* of the copy: the index of the entry itself */
	struct hash root;    /* at that size */
	uint64_t generation; /* that begins */
};

void restored_put(struct buf *b, const struct key *log, const struct restored *r);
/* The detail of the entry. -EBADMSG: malformed, or the generations do not ascend. */
must_check int restored_parse(struct span detail, const struct key *log, struct restored *ret);

#endif

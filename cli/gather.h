/* From a sink's store to the proofs of some entries of one host log (docs/format.md section 17). */
#ifndef SWORNLOG_CLI_GATHER_H
#define SWORNLOG_CLI_GATHER_H

#include "evidence/proof.h"

#define GATHER_MAX 64 /* entries at a time */

struct gather_request {
	const char *store; /* path of the folder */
	const char *host;
	uint64_t epoch; /* 0: the newest that the host has */
	size_t count;
	uint64_t index[GATHER_MAX];
};

struct gather;

/* Read the store, twice where an entry names a process. Messages go to standard error: 0 or a negative errno.
 * A sink may be writing it meanwhile. */
must_check int gather_store(const struct gather_request *q, struct gather **ret);
void gather_free(struct gather *g);
void gather_freep(struct gather **g);
#define cleanup_gather cleanup(gather_freep)

/* The genesis statement that lies in the store. */
struct span gather_genesis(const struct gather *g);
uint32_t gather_epoch(const struct gather *g);
/* Append the proof file of entry number i of the request; it is not checked yet. -ENOENT: the store lacks
 * something, -EAGAIN: not committed yet, -E2BIG: too far from any signature of the identity key; a message is
 * given then. */
must_check int gather_put_proof(struct gather *g, size_t i, struct buf *ret);

#endif

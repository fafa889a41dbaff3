/* A witness's folder: what it has cosigned, replaced durably, and for one process alone.
 *
 * A folder that lost its state is refused: a witness that forgot must not go on with its key.
 */
#ifndef SWORNLOG_WITNESS_STORE_H
#define SWORNLOG_WITNESS_STORE_H

#include "lib/env.h"
#include "witness/seen.h"

#define STORE_MAX_KEPT 16 /* pairs of notes that don't fit */

struct store {
	const struct env *env;
	int dir, lock;
	struct key witness;
	struct seen_list seen;
	size_t kept;
};

/* Make the state of a new witness in an existing folder. -EEXIST: there is one. */
must_check int store_create(const struct env *env, const char *folder, const struct key *witness, char *error,
                            size_t error_size);
must_check int store_open(const struct env *env, const char *folder, const struct key *witness,
                          struct store *ret, char *error, size_t error_size);
void store_close(struct store *s);

/* Durable when it returns 0; then the memory of `newer` is the store's. On error the store says what it said
 * before, and the disk either. -ENOSPC, -EIO, ... */
must_check int store_replace(struct store *s, struct seen *newer);
/* Keep two checkpoints that don't fit, for people; those that came first are worth most. `proof`: they are of
 * one size, and so proof in themselves; others get half of the room. 1 if they were kept; 0 if they are there
 * already, or there is no room. */
must_check int store_keep(struct store *s, struct span held, struct span shown, bool proof);

#endif

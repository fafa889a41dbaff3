/* The fleet log: appended to in memory once its entries are durable in the journal, published as tiles, asked
 * for the hashes that proofs are made of (docs/format.md section 9).
 *
 * The right edge is in memory; full tiles are read back from disk.
 */
#ifndef SWORNLOG_SINK_FLEET_LOG_H
#define SWORNLOG_SINK_FLEET_LOG_H

#include "evidence/fleet.h"
#include "lib/env.h"
#include "sink/tile_nodes.h"

#define FLEET_LOG_CACHED 32

/* A tile that is full and not on disk yet. */
struct full_tile {
	struct full_tile *next;
	struct tile_nodes *tile;
	struct buf bundle; /* level 0 only */
};

struct cached_tile {
	struct tile_nodes *tile;
	uint64_t used;
};

struct fleet_log {
	const struct env *env;
	int dir; /* the caller's */
	struct frontier frontier;
	struct buf note;    /* newest checkpoint, covers all of the frontier; empty at size 0 */
	uint64_t published; /* the size of the checkpoint file, and all its tiles are durable */
	struct tile_nodes *edge[TILE_LEVELS];
	struct buf bundle; /* entries of edge[0] */
	struct full_tile *full, **full_last;
	struct cached_tile cached[FLEET_LOG_CACHED];
	uint64_t uses;
};

/* Open at a size whose tiles are on disk (the snapshot's), checking them against the frontier. `key` is the
 * log's. *ret_checkpoint is what is published now (size 0: nothing), verified. -EBADMSG: tiles or checkpoint
 * are damaged, or older than the snapshot. */
must_check int fleet_log_open(const struct env *env, int dir, const struct key *const *keys, size_t key_count,
                              const struct frontier *frontier, struct span note, struct fleet_log *ret,
                              struct fleet_head *ret_published);
void fleet_log_done(struct fleet_log *l);

/* Append an entry. Any error leaves the log unusable. */
must_check int fleet_log_add(struct fleet_log *l, struct span entry);
/* Make `note` the newest checkpoint. */
must_check int fleet_log_set_note(struct fleet_log *l, struct span note);
/* Write tiles and bundles up to `size`, then `note`, a checkpoint of that size, with whatever lines it has.
 * What is published is never put back: below l->published nothing is done. Blocks for the disk. After an
 * error it may be tried again. */
must_check int fleet_log_publish(struct fleet_log *l, uint64_t size, struct span note);
/* The root at an earlier size, or at this one. -ERANGE above. */
must_check int fleet_log_root(struct fleet_log *l, uint64_t size, struct hash *ret);
/* A merkle_node_fn; ctx is the struct fleet_log. -ERANGE if the node is not complete. */
must_check int fleet_log_node(void *ctx, unsigned level, uint64_t index, struct hash *ret);

#endif

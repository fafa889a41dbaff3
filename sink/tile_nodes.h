/* One tile of the fleet log with all hashes above its own, so that any node in it is a look-up. */
#ifndef SWORNLOG_SINK_TILE_NODES_H
#define SWORNLOG_SINK_TILE_NODES_H

#include "evidence/merkle.h"
#include "evidence/tile.h"

#define TILE_NODES (2 * TILE_WIDTH - 1)

struct tile_nodes {
	int level;
	uint64_t index;
	unsigned width;
	struct hash node[TILE_NODES]; /* the tile's hashes, then each height above them */
};

must_check int tile_nodes_new(int level, uint64_t index, struct tile_nodes **ret);
/* One more hash; width < TILE_WIDTH before. */
void tile_nodes_add(struct tile_nodes *t, const struct hash *h);
/* `height` 0 is a hash of the tile, 8 the root of a full one. NULL if the node is not complete. */
const struct hash *tile_nodes_at(const struct tile_nodes *t, unsigned height, uint64_t index);

#endif

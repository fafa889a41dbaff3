/* The tile files of a log, of the fleet's by default, against the entries that they are made of
 * (docs/format.md sections 9 and 15.9).
 *
 * Entries go through once, in order; every tile file is read when its last hash has come by. */
#ifndef SWORNLOG_VERIFY_TILES_H
#define SWORNLOG_VERIFY_TILES_H

#include "evidence/merkle.h"
#include "evidence/tile.h"
#include "verify/finding.h"

struct tiles;

/* Walk the folder `fleet/` first: names that are no tile's are findings. dirfd (of the store) is kept, not
 * owned. */
must_check int tiles_new(int dirfd, struct findings *f, struct tiles **ret);

/* The same of another folder below dirfd, of an export (section 18). */
struct tiles_place {
	const char *folder;
	bool no_bundles;           /* hashes only: entries of tiles_add are not looked at */
	const char *const *beside; /* names that may lie there besides the tiles and the checkpoint */
	size_t beside_count;
};
must_check int tiles_new_at(int dirfd, const struct tiles_place *where, struct findings *f,
                            struct tiles **ret);
void tiles_free(struct tiles *t);
void tiles_freep(struct tiles **t);
#define cleanup_tiles cleanup(tiles_freep)

/* How many entries the log must have for the largest tile that was found by the walk. */
uint64_t tiles_extent(const struct tiles *t);
/* Of the published checkpoint: tiles that this size calls for must be there. */
void tiles_expect(struct tiles *t, uint64_t published_size);

must_check int tiles_add(struct tiles *t, struct span entry, const struct hash *leaf);
/* After the last entry: what is there beyond it? */
void tiles_finish(struct tiles *t);

#endif

/* A log written as a C2SP tile directory, entry by entry (docs/format.md sections 9 and 18). */
#ifndef SWORNLOG_CLI_TILE_DIR_H
#define SWORNLOG_CLI_TILE_DIR_H

#include "evidence/merkle.h"

struct tile_dir;

/* Below dirfd, which is kept and not owned, in the folder `path`. `bundles`: the entries too, not only their
 * hashes. Nothing is written yet. */
must_check int tile_dir_new(int dirfd, const char *path, bool bundles, struct tile_dir **ret);
void tile_dir_free(struct tile_dir *t);
void tile_dir_freep(struct tile_dir **t);
#define cleanup_tile_dir cleanup(tile_dir_freep)

/* The next entry: tiles that it fills are written. At most 65,535 bytes. */
must_check int tile_dir_add(struct tile_dir *t, struct span entry, const struct hash *leaf);
/* The tree so far. */
const struct frontier *tile_dir_tree(const struct tile_dir *t);
/* Write the partial tiles of the size reached, and last the checkpoint. */
must_check int tile_dir_finish(struct tile_dir *t, struct span checkpoint);

#endif

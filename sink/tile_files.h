/* The fleet log's tiles and entry bundles as files (docs/format.md section 9). */
#ifndef SWORNLOG_SINK_TILE_FILES_H
#define SWORNLOG_SINK_TILE_FILES_H

#include "lib/buf.h"
#include "lib/env.h"
#include "sink/tile_nodes.h"

#define BUNDLE_MAX_BYTES ((size_t)TILE_WIDTH * (2 + 65535))

/* Write a tile or bundle whole and durably, its folders included. Blocks. */
must_check int tile_file_write(const struct env *env, int fleet_dir, int level, uint64_t index,
                               unsigned width, struct span content);
/* Append the content of a tile or bundle that has at least `width` items: the full one, else the partial one
 * of that width. What follows the width may be there too. */
must_check int tile_file_read(const struct env *env, int fleet_dir, int level, uint64_t index, unsigned width,
                              struct buf *ret);
/* Remove the partial ones of a full tile or bundle. What can't be removed stays: it does no harm. */
void tile_file_drop_partials(const struct env *env, int fleet_dir, int level, uint64_t index);
/* Remove unfinished files beside a tile or bundle, and make the names of its folders durable: the process
 * that made them may have been killed before it did. */
must_check int tile_file_settle(const struct env *env, int fleet_dir, int level, uint64_t index);

#endif

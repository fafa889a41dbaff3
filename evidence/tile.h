/* C2SP tlog-tiles: names and shapes of a log's files (docs/format.md section 9). */
#ifndef SWORNLOG_EVIDENCE_TILE_H
#define SWORNLOG_EVIDENCE_TILE_H

#include "lib/buf.h"
#include "lib/cursor.h"

#define TILE_WIDTH    256
#define TILE_LEVELS   8
#define TILE_PATH_MAX 64
#define TILE_ENTRIES  (-1) /* as a level: an entry bundle */

/* `tile/<level>/<N>[.p/<W>]`; width TILE_WIDTH is a full tile. */
void tile_path(int level, uint64_t index, unsigned width, char ret[TILE_PATH_MAX]);
/* The inverse: 0 or -EBADMSG. */
must_check int tile_parse_path(struct span path, int *ret_level, uint64_t *ret_index, unsigned *ret_width);
/* Full tiles, and width of the partial one (0 if none), at a level of a log of this size. For TILE_ENTRIES as
 * for level 0. */
uint64_t tile_full_count(int level, uint64_t size);
unsigned tile_partial_width(int level, uint64_t size);

void tile_put_bundle_entry(struct buf *b, struct span entry);
/* False at the end; malformed sets the cursor's error. */
bool tile_next_bundle_entry(struct cursor *bundle, struct span *ret);

#endif

/* Any bytes as the path of a tile and as an entry bundle. */
#include "evidence/tile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = { data, size }, entry;
	cleanup_buf struct buf b = { 0 };
	struct cursor c;
	uint64_t index;
	unsigned width;
	int level;
	if (tile_parse_path(in, &level, &index, &width) == 0) {
		char path[TILE_PATH_MAX];
		tile_path(level, index, width, path);
		if (!span_is(in, path))
			abort();
	}
	cursor_init(&c, data, size);
	while (tile_next_bundle_entry(&c, &entry))
		tile_put_bundle_entry(&b, entry);
	if (!c.err && (buf_err(&b) || !span_equal(in, (struct span){ b.data, b.len })))
		abort();
	return 0;
}

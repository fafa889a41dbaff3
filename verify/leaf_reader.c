#include "verify/leaf_reader.h"

#include <stdio.h>

#include "evidence/tile.h"
#include "verify/window.h"

#define PATH_BYTES       256
#define BUNDLE_MAX_BYTES ((size_t)TILE_WIDTH * (2 + 65535))

void leaf_reader_done(struct leaf_reader *r)
{
	buf_done(&r->tile);
	buf_done(&r->bundle);
}

static int read_file(const struct leaf_reader *r, int level, unsigned width, size_t most, struct buf *ret)
{
	char tile[TILE_PATH_MAX], path[PATH_BYTES];
	tile_path(level, r->at / TILE_WIDTH, width, tile);
	snprintf(path, sizeof(path), "%s/%s", r->folder, tile);
	buf_reset(ret);
	int e = window_read_file(r->dirfd, path, most, ret);
	return e == -ENOMEM || e == -EIO || e == -EACCES ? e : e < 0 ? -EBADMSG : 0;
}

static int load(struct leaf_reader *r)
{
	uint64_t left = r->size - r->at;
	unsigned width = (unsigned)MIN(left, (uint64_t)TILE_WIDTH);
	int e = read_file(r, 0, width, TILE_WIDTH * sizeof(struct hash), &r->tile);
	if (e == 0 && r->tile.len != width * sizeof(struct hash))
		e = -EBADMSG;
	if (e == 0 && r->bundles)
		e = read_file(r, TILE_ENTRIES, width, BUNDLE_MAX_BYTES, &r->bundle);
	cursor_init(&r->entries, r->bundle.data, r->bundle.len);
	return e;
}

int leaf_reader_next(struct leaf_reader *r, struct hash *ret_leaf, struct span *ret_entry)
{
	assert(r->at < r->size);
	int e = r->at % TILE_WIDTH == 0 ? load(r) : 0;
	if (e < 0)
		return e;
	*ret_entry = (struct span){ 0 };
	if (r->bundles && !tile_next_bundle_entry(&r->entries, ret_entry))
		return -EBADMSG;
	memcpy(ret_leaf->b, r->tile.data + r->at % TILE_WIDTH * sizeof(*ret_leaf), sizeof(*ret_leaf));
	r->at++;
	return 0;
}

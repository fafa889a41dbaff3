#include "cli/tile_dir.h"

#include <stdio.h>

#include "cli/file_tree.h"
#include "evidence/tile.h"

#define FOLDER_MAX 192

struct level {
	size_t width;
	struct hash node[TILE_WIDTH];
};

struct tile_dir {
	int dirfd;
	char folder[FOLDER_MAX];
	bool bundles;
	struct frontier tree;
	struct level *level[TILE_LEVELS]; /* made when a log has grown to it */
	struct buf bundle;
};

int tile_dir_new(int dirfd, const char *path, bool bundles, struct tile_dir **ret)
{
	if (strlen(path) >= FOLDER_MAX)
		return -ENAMETOOLONG;
	struct tile_dir *t = calloc(1, sizeof(*t));
	if (!t)
		return -ENOMEM;
	t->dirfd = dirfd;
	t->bundles = bundles;
	memcpy(t->folder, path, strlen(path) + 1);
	*ret = t;
	return 0;
}

void tile_dir_free(struct tile_dir *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < TILE_LEVELS; i++)
		free(t->level[i]);
	buf_done(&t->bundle);
	free(t);
}

void tile_dir_freep(struct tile_dir **t)
{
	tile_dir_free(*t);
}

const struct frontier *tile_dir_tree(const struct tile_dir *t)
{
	return &t->tree;
}

static int write_tile(const struct tile_dir *t, int level, uint64_t index, unsigned width,
                      struct span content)
{
	char path[TILE_PATH_MAX], file[FOLDER_MAX + TILE_PATH_MAX + 1];
	tile_path(level, index, width, path);
	snprintf(file, sizeof(file), "%s/%s", t->folder, path);
	return file_tree_write(t->dirfd, file, content);
}

/* The tile of this level that ends with the log's first `size` entries. */
static int write_hashes(const struct tile_dir *t, int level, uint64_t size)
{
	const struct level *l = t->level[level];
	uint64_t nodes = size >> (8 * level);
	return write_tile(t, level, (nodes - 1) / TILE_WIDTH, (unsigned)l->width,
	                  (struct span){ l->node[0].b, l->width * sizeof(struct hash) });
}

static int add_node(struct tile_dir *t, int level, const struct hash *node)
{
	struct level *l = t->level[level];
	if (!l) {
		l = t->level[level] = malloc(sizeof(*l));
		if (!l)
			return -ENOMEM;
		l->width = 0;
	}
	l->node[l->width++] = *node;
	return 0;
}

/* A full tile becomes one node of the level above. */
static int add_hash(struct tile_dir *t, const struct hash *leaf)
{
	struct hash node = *leaf;
	for (int level = 0; level < TILE_LEVELS; level++) {
		int r = add_node(t, level, &node);
		struct level *l = t->level[level];
		if (r < 0 || l->width < TILE_WIDTH)
			return r;
		r = write_hashes(t, level, t->tree.size);
		if (r < 0)
			return r;
		merkle_root(l->node, TILE_WIDTH, &node);
		l->width = 0;
	}
	return 0;
}

static int write_bundle(struct tile_dir *t, unsigned width)
{
	struct span content = { t->bundle.data, t->bundle.len };
	int r = buf_err(&t->bundle);
	if (r == 0)
		r = write_tile(t, TILE_ENTRIES, (t->tree.size - 1) / TILE_WIDTH, width, content);
	buf_reset(&t->bundle);
	return r;
}

int tile_dir_add(struct tile_dir *t, struct span entry, const struct hash *leaf)
{
	frontier_add(&t->tree, leaf);
	if (t->bundles)
		tile_put_bundle_entry(&t->bundle, entry);
	if (t->bundles && t->tree.size % TILE_WIDTH == 0) {
		int r = write_bundle(t, TILE_WIDTH);
		if (r < 0)
			return r;
	}
	return add_hash(t, leaf);
}

int tile_dir_finish(struct tile_dir *t, struct span checkpoint)
{
	char file[FOLDER_MAX + 16];
	unsigned width = tile_partial_width(TILE_ENTRIES, t->tree.size);
	int r = t->bundles && width ? write_bundle(t, width) : 0;
	for (int level = 0; r == 0 && level < TILE_LEVELS; level++) {
		if (t->level[level] && t->level[level]->width)
			r = write_hashes(t, level, t->tree.size);
	}
	snprintf(file, sizeof(file), "%s/checkpoint", t->folder);
	return r == 0 ? file_tree_write(t->dirfd, file, checkpoint) : r;
}

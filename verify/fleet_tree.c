#include "verify/fleet_tree.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "lib/env.h"
#include "lib/file.h"
#include "verify/hash_list.h"

#define BLOCK        256
#define BLOCK_BITS   8
#define UPPER_LEVELS (63 - BLOCK_BITS)
#define CACHED       1024

struct cached {
	uint64_t size; /* 0: empty */
	struct hash root;
};

struct fleet_tree {
	struct frontier frontier;
	struct hash block[BLOCK]; /* leaves since the last full block */
	struct hash_list upper[UPPER_LEVELS];
	int fd;
	pthread_mutex_t lock; /* of the cache */
	struct cached cache[CACHED];
};

void fleet_tree_free(struct fleet_tree *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < UPPER_LEVELS; i++)
		hash_list_done(&t->upper[i]);
	close_fd(&t->fd);
	pthread_mutex_destroy(&t->lock);
	free(t);
}

void fleet_tree_freep(struct fleet_tree **t)
{
	fleet_tree_free(*t);
}

/* Not every file system knows files without a name. */
static int unnamed_file(void)
{
	const char *folder = getenv("TMPDIR");
	if (!folder || !*folder)
		folder = "/tmp";
	int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd >= 0)
		return fd;
	char path[512];
	int n = snprintf(path, sizeof(path), "%s/swornlog-XXXXXX", folder);
	if (n < 0 || (size_t)n >= sizeof(path))
		return -ENAMETOOLONG;
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	unlink(path);
	return fd;
}

int fleet_tree_new(struct fleet_tree **ret)
{
	cleanup_fleet_tree struct fleet_tree *t = calloc(1, sizeof(*t));
	if (!t)
		return -ENOMEM;
	pthread_mutex_init(&t->lock, NULL);
	t->fd = unnamed_file();
	if (t->fd < 0)
		return t->fd;
	*ret = TAKE_PTR(t);
	return 0;
}

uint64_t fleet_tree_size(const struct fleet_tree *t)
{
	return t->frontier.size;
}

const struct frontier *fleet_tree_frontier(const struct fleet_tree *t)
{
	return &t->frontier;
}

/* A full block becomes a node above, and each second node of a level one of the next. */
static int block_full(struct fleet_tree *t)
{
	uint64_t offset = (t->frontier.size - BLOCK) * sizeof(struct hash);
	struct span bytes = { t->block[0].b, sizeof(t->block) };
	int r = file_write_all(env_system(), t->fd, bytes, offset);
	if (r < 0)
		return r;
	struct hash node;
	merkle_root(t->block, BLOCK, &node);
	for (size_t i = 0; i < UPPER_LEVELS; i++) {
		struct hash_list *l = &t->upper[i];
		r = hash_list_add(l, &node);
		if (r < 0 || l->len % 2 != 0)
			return r;
		merkle_node(&l->node[l->len - 2], &l->node[l->len - 1], &node);
	}
	return 0;
}

int fleet_tree_add(struct fleet_tree *t, const struct hash *leaf)
{
	t->block[t->frontier.size % BLOCK] = *leaf;
	frontier_add(&t->frontier, leaf);
	return t->frontier.size % BLOCK == 0 ? block_full(t) : 0;
}

/* The frontier of the whole blocks below `size`. */
static void whole_blocks(const struct fleet_tree *t, uint64_t size, struct frontier *f)
{
	uint64_t blocks = size >> BLOCK_BITS, before = 0;
	unsigned n = 0;
	for (unsigned i = UPPER_LEVELS; i-- > 0;) {
		if (!(blocks >> i & 1))
			continue;
		f->node[n++] = t->upper[i].node[before >> i];
		before += (uint64_t)1 << i;
	}
	f->size = blocks << BLOCK_BITS;
}

static int load_leaves(const struct fleet_tree *t, uint64_t first, size_t n, struct hash *ret)
{
	if (first == t->frontier.size - t->frontier.size % BLOCK) {
		memcpy(ret, t->block, n * sizeof(*ret));
		return 0;
	}
	return file_read_exact(env_system(), t->fd, ret, n * sizeof(*ret), first * sizeof(*ret));
}

static int find_root(struct fleet_tree *t, uint64_t size, struct hash *ret)
{
	struct cached *c = &t->cache[size % CACHED];
	if (size > 0 && c->size == size) {
		*ret = c->root;
		return 0;
	}
	struct frontier f = { 0 };
	struct hash leaves[BLOCK];
	size_t n = size % BLOCK;
	whole_blocks(t, size, &f);
	int r = n ? load_leaves(t, f.size, n, leaves) : 0;
	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++)
		frontier_add(&f, &leaves[i]);
	frontier_root(&f, ret);
	*c = (struct cached){ .size = size, .root = *ret };
	return 0;
}

int fleet_tree_root(struct fleet_tree *t, uint64_t size, struct hash *ret)
{
	assert(size <= t->frontier.size);
	pthread_mutex_lock(&t->lock);
	int r = find_root(t, size, ret);
	pthread_mutex_unlock(&t->lock);
	return r;
}

int fleet_tree_node(void *tree, unsigned level, uint64_t index, struct hash *ret)
{
	const struct fleet_tree *t = tree;
	struct hash leaves[BLOCK];
	assert((index + 1) << level <= t->frontier.size);
	if (level >= BLOCK_BITS) {
		*ret = t->upper[level - BLOCK_BITS].node[index];
		return 0;
	}
	/* Aligned, and no larger than a block: so it lies in one. */
	uint64_t first = index << level, block = first - first % BLOCK;
	size_t n = (size_t)1 << level;
	if (block == t->frontier.size - t->frontier.size % BLOCK)
		memcpy(leaves, t->block + first % BLOCK, n * sizeof(*leaves));
	else {
		int r = file_read_exact(env_system(), t->fd, leaves, n * sizeof(*leaves),
		                        first * sizeof(*leaves));
		if (r < 0)
			return r;
	}
	merkle_root(leaves, n, ret);
	return 0;
}

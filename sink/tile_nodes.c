#include "sink/tile_nodes.h"

int tile_nodes_new(int level, uint64_t index, struct tile_nodes **ret)
{
	struct tile_nodes *t = malloc(sizeof(*t));
	if (!t)
		return -ENOMEM;
	t->level = level;
	t->index = index;
	t->width = 0;
	*ret = t;
	return 0;
}

/* 256 hashes, 128 above them, 64 above those, ... */
static size_t place(unsigned height, uint64_t index)
{
	return 2u * TILE_WIDTH - (2u * TILE_WIDTH >> height) + (size_t)index;
}

void tile_nodes_add(struct tile_nodes *t, const struct hash *h)
{
	assert(t->width < TILE_WIDTH);
	uint64_t index = t->width++;
	t->node[place(0, index)] = *h;
	for (unsigned height = 0; index & 1; height++, index /= 2)
		merkle_node(&t->node[place(height, index - 1)], &t->node[place(height, index)],
		            &t->node[place(height + 1, index / 2)]);
}

const struct hash *tile_nodes_at(const struct tile_nodes *t, unsigned height, uint64_t index)
{
	if (height > 8 || index >= (uint64_t)TILE_WIDTH >> height || (index + 1) << height > t->width)
		return NULL;
	return &t->node[place(height, index)];
}

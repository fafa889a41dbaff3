#include "sink/commit_tree.h"

int commit_tree_build(struct commit_tree *ret, const struct hash *leaves, size_t n)
{
	assert(n >= 1 && n <= COMMIT_MAX_HEADS);
	/* Each level is half of the one below, rounded up: less than 2n and one more a level. */
	struct hash *node = malloc((2 * n + COMMIT_MAX_PATH) * sizeof(*node));
	if (!node)
		return -ENOMEM;
	memcpy(node, leaves, n * sizeof(*node));
	struct hash *level = node;
	for (size_t count = n; count > 1; count = (count + 1) / 2) {
		struct hash *next = level + count;
		for (size_t i = 0; i + 1 < count; i += 2)
			merkle_node(&level[i], &level[i + 1], &next[i / 2]);
		/* A node without a sibling goes up as it is: RFC 6962's split at the largest power of two. */
		if (count % 2)
			next[count / 2] = level[count - 1];
		level = next;
	}
	*ret = (struct commit_tree){ .leaves = n, .node = node };
	return 0;
}

void commit_tree_done(struct commit_tree *t)
{
	free(t->node);
	*t = (struct commit_tree){ 0 };
}

void commit_tree_root(const struct commit_tree *t, struct hash *ret)
{
	const struct hash *level = t->node;
	for (size_t count = t->leaves; count > 1; count = (count + 1) / 2)
		level += count;
	*ret = *level;
}

size_t commit_tree_path(const struct commit_tree *t, size_t index, struct hash ret[COMMIT_MAX_PATH])
{
	assert(index < t->leaves);
	const struct hash *level = t->node;
	size_t n = 0;
	for (size_t count = t->leaves; count > 1; count = (count + 1) / 2) {
		if ((index ^ 1) < count)
			ret[n++] = level[index ^ 1];
		level += count;
		index /= 2;
	}
	return n;
}

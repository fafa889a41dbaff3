/* The small tree over the heads of one commit, kept whole so that a path costs no hashing (docs/format.md
 * section 10). */
#ifndef SWORNLOG_SINK_COMMIT_TREE_H
#define SWORNLOG_SINK_COMMIT_TREE_H

#include "evidence/fleet.h"

#define COMMIT_MAX_PATH 17 /* hashes, for COMMIT_MAX_HEADS leaves */

struct commit_tree {
	size_t leaves;
	struct hash *node; /* level after level, the leaves first */
};

/* Copy `leaves` (n of them, 1 to COMMIT_MAX_HEADS) and build the tree over them. */
must_check int commit_tree_build(struct commit_tree *ret, const struct hash *leaves, size_t n);
void commit_tree_done(struct commit_tree *t);
#define cleanup_commit_tree cleanup(commit_tree_done)
void commit_tree_root(const struct commit_tree *t, struct hash *ret);
/* The inclusion path of a leaf. Returns its length. */
size_t commit_tree_path(const struct commit_tree *t, size_t index, struct hash ret[COMMIT_MAX_PATH]);

#endif

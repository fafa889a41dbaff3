/* A log's Merkle tree as a verifier rebuilds it: it grows by leaves, and tells the root at any size that it
 * has had, and every node. Leaf hashes lie in an unnamed temporary file, so that memory hardly grows with the
 * log. */
#ifndef SWORNLOG_VERIFY_FLEET_TREE_H
#define SWORNLOG_VERIFY_FLEET_TREE_H

#include "evidence/merkle.h"

struct fleet_tree;

/* The temporary file is made in $TMPDIR or /tmp. */
must_check int fleet_tree_new(struct fleet_tree **ret);
void fleet_tree_free(struct fleet_tree *t);
void fleet_tree_freep(struct fleet_tree **t);
#define cleanup_fleet_tree cleanup(fleet_tree_freep)

uint64_t fleet_tree_size(const struct fleet_tree *t);
/* -EIO, -ENOSPC, -ENOMEM: the tree is unusable then. */
must_check int fleet_tree_add(struct fleet_tree *t, const struct hash *leaf);
/* size <= fleet_tree_size. Several threads may ask at once, while the tree does not grow. */
must_check int fleet_tree_root(struct fleet_tree *t, uint64_t size, struct hash *ret);
/* The root of the perfect subtree over leaves [index << level, (index + 1) << level), all of them present: a
 * merkle_node_fn, `tree` is a struct fleet_tree. */
must_check int fleet_tree_node(void *tree, unsigned level, uint64_t index, struct hash *ret);
/* The tree as it is now. */
const struct frontier *fleet_tree_frontier(const struct fleet_tree *t);

#endif

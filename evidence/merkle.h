/* RFC 6962 Merkle trees over SHA-256 (docs/format.md section 3). */
#ifndef SWORNLOG_EVIDENCE_MERKLE_H
#define SWORNLOG_EVIDENCE_MERKLE_H

#include "lib/digest.h"

#define MERKLE_MAX_PATH  64  /* hashes in an inclusion proof */
#define MERKLE_MAX_PROOF 128 /* hashes in a consistency proof */

void merkle_leaf(struct span entry, struct hash *ret);
void merkle_node(const struct hash *left, const struct hash *right, struct hash *ret);

/* The roots of the perfect subtrees of a tree, largest first: enough to go on appending. A zeroed one is the
 * empty tree. */
struct frontier {
	uint64_t size;
	struct hash node[64]; /* as many as `size` has one bits */
};

unsigned frontier_count(const struct frontier *f);
void frontier_add(struct frontier *f, const struct hash *leaf);
void frontier_root(const struct frontier *f, struct hash *ret);

/* Over leaf hashes in memory. */
void merkle_root(const struct hash *leaves, size_t n, struct hash *ret);
/* Returns the number of hashes written to path; index < n. */
size_t merkle_path(const struct hash *leaves, size_t n, size_t index, struct hash path[MERKLE_MAX_PATH]);

/* Over a log whose perfect subtrees can be asked for: `level` 0 is a leaf hash; node (level, i) covers leaves
 * [i << level, (i + 1) << level). */
typedef int (*merkle_node_fn)(void *ctx, unsigned level, uint64_t index, struct hash *ret);
must_check int merkle_prove_inclusion(merkle_node_fn node, void *ctx, uint64_t size, uint64_t index,
                                      struct hash path[MERKLE_MAX_PATH], size_t *ret_len);
/* old <= size. Empty when old is 0 or equals size. */
must_check int merkle_prove_consistency(merkle_node_fn node, void *ctx, uint64_t old, uint64_t size,
                                        struct hash path[MERKLE_MAX_PROOF], size_t *ret_len);

bool merkle_check_inclusion(const struct hash *leaf, uint64_t index, uint64_t size, const struct hash *path,
                            size_t path_len, const struct hash *root);
bool merkle_check_consistency(uint64_t old, const struct hash *old_root, uint64_t size,
                              const struct hash *root, const struct hash *path, size_t path_len);

#endif

#include "verify/fleet_tree.h"

#include <criterion/criterion.h>

#define LEAVES 1300

Test(fleet_tree, the_root_at_every_size_it_has_had_is_that_of_the_leaves_up_to_there)
{
	static struct hash leaf[LEAVES];
	cleanup_fleet_tree struct fleet_tree *t = NULL;
	struct hash root, expected;
	cr_assert_eq(fleet_tree_new(&t), 0);
	for (size_t i = 0; i < LEAVES; i++) {
		sha256(&i, sizeof(i), &leaf[i]);
		cr_assert_eq(fleet_tree_add(t, &leaf[i]), 0);
	}
	cr_assert_eq(fleet_tree_size(t), LEAVES);
	/* Twice, from memory the second time. */
	for (int round = 0; round < 2; round++) {
		for (size_t n = 0; n <= LEAVES; n += n < 600 ? 1 : 37) {
			merkle_root(leaf, n, &expected);
			cr_assert_eq(fleet_tree_root(t, n, &root), 0);
			cr_assert(hash_equal(&root, &expected), "size %zu", n);
		}
	}
	frontier_root(fleet_tree_frontier(t), &root);
	merkle_root(leaf, LEAVES, &expected);
	cr_assert(hash_equal(&root, &expected));
}

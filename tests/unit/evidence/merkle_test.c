#include "evidence/merkle.h"

#include <criterion/criterion.h>

#include "tests/support/bytes.h"

#define MOST 130

static struct hash leaf[MOST];

static void make_leaves(void)
{
	for (size_t i = 0; i < MOST; i++) {
		uint8_t entry[2] = { (uint8_t)i, (uint8_t)(i * 7) };
		merkle_leaf((struct span){ entry, i % 3 }, &leaf[i]);
		leaf[i].b[0] = (uint8_t)i; /* all differ */
	}
}

TestSuite(merkle, .init = make_leaves);

/* RFC 6962 sections 2.1, 2.1.1 and 2.1.2 word for word: the definition that everything else is held to. */
static size_t largest_below(size_t n)
{
	size_t k = 1;
	while (2 * k < n)
		k *= 2;
	return k;
}

static void naive_root(const struct hash *d, size_t n, struct hash *ret)
{
	if (n == 0) {
		sha256("", 0, ret);
		return;
	}
	if (n == 1) {
		*ret = d[0];
		return;
	}
	uint8_t joined[65] = { 0x01 };
	struct hash side;
	size_t k = largest_below(n);
	naive_root(d, k, &side);
	memcpy(joined + 1, side.b, 32);
	naive_root(d + k, n - k, &side);
	memcpy(joined + 33, side.b, 32);
	sha256(joined, 65, ret);
}

static size_t naive_path(const struct hash *d, size_t n, size_t m, struct hash *out)
{
	if (n == 1)
		return 0;
	size_t k = largest_below(n), len;
	if (m < k) {
		len = naive_path(d, k, m, out);
		naive_root(d + k, n - k, &out[len]);
	} else {
		len = naive_path(d + k, n - k, m - k, out);
		naive_root(d, k, &out[len]);
	}
	return len + 1;
}

static size_t naive_subproof(const struct hash *d, size_t n, size_t m, bool whole, struct hash *out)
{
	if (m == n) {
		if (whole)
			return 0;
		naive_root(d, n, &out[0]);
		return 1;
	}
	size_t k = largest_below(n), len;
	if (m <= k) {
		len = naive_subproof(d, k, m, whole, out);
		naive_root(d + k, n - k, &out[len]);
	} else {
		len = naive_subproof(d + k, n - k, m - k, false, out);
		naive_root(d, k, &out[len]);
	}
	return len + 1;
}

static bool paths_equal(const struct hash *a, size_t n, const struct hash *b, size_t m)
{
	return n == m && memcmp(a, b, n * sizeof(*a)) == 0;
}

static int node_at(void *ctx, unsigned level, uint64_t index, struct hash *ret)
{
	size_t size = *(const size_t *)ctx, at = (size_t)index << level, n = (size_t)1 << level;
	cr_assert_leq(at + n, size, "only perfect subtrees inside the log may be asked for");
	naive_root(leaf + at, n, ret);
	return 0;
}

/* The tests of the first certificate transparency logs. */
static const char *const known_leaf[] = {
	"", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"
};
static const char *const known_root[] = {
	"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
	"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
	"aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
	"d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
	"4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
	"76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
	"ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
	"5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
};

static bool is_hex(const struct hash *h, const char *hex)
{
	struct hash want;
	bytes_from_hex(hex, want.b, 32);
	return bytes_equal((struct span){ h->b, 32 }, (struct span){ want.b, 32 });
}

static void known_leaves(struct hash out[8])
{
	for (size_t i = 0; i < 8; i++) {
		uint8_t entry[16];
		size_t n = strlen(known_leaf[i]) / 2;
		bytes_from_hex(known_leaf[i], entry, n);
		merkle_leaf((struct span){ entry, n }, &out[i]);
	}
}

Test(merkle, the_published_roots_hold)
{
	struct hash leaves[8], root;
	struct frontier f = { 0 };
	known_leaves(leaves);
	for (size_t n = 0; n <= 8; n++) {
		frontier_root(&f, &root);
		cr_expect(is_hex(&root, known_root[n]), "frontier of %zu", n);
		merkle_root(leaves, n, &root);
		cr_expect(is_hex(&root, known_root[n]), "root of %zu", n);
		if (n < 8)
			frontier_add(&f, &leaves[n]);
	}
}

Test(merkle, the_published_proofs_hold)
{
	static const char *const path[] = {
		"96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
		"5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
		"6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"
	};
	static const char *const proof[] = {
		"0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
		"ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
		"d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"
	};
	struct hash leaves[8], got[MERKLE_MAX_PATH], six, eight, given[3];
	known_leaves(leaves);
	cr_assert_eq(merkle_path(leaves, 8, 0, got), 3);
	bytes_from_hex(known_root[6], six.b, 32);
	bytes_from_hex(known_root[8], eight.b, 32);
	for (size_t i = 0; i < 3; i++) {
		cr_expect(is_hex(&got[i], path[i]));
		bytes_from_hex(proof[i], given[i].b, 32);
	}
	cr_assert(merkle_check_inclusion(&leaves[0], 0, 8, got, 3, &eight));
	cr_assert(merkle_check_consistency(6, &six, 8, &eight, given, 3));
}

Test(merkle, a_leaf_and_a_node_are_told_apart_by_their_first_byte)
{
	struct hash h, want;
	merkle_leaf(TEXT("abc"), &h);
	sha256("\0abc", 4, &want);
	cr_assert(hash_equal(&h, &want));
	uint8_t joined[65] = { 1 };
	memcpy(joined + 1, leaf[0].b, 32);
	memcpy(joined + 33, leaf[1].b, 32);
	sha256(joined, 65, &want);
	merkle_node(&leaf[0], &leaf[1], &h);
	cr_assert(hash_equal(&h, &want));
}

Test(merkle, frontier_and_root_are_the_definitions_at_every_size)
{
	struct frontier f = { 0 };
	for (size_t n = 0; n <= MOST; n++) {
		struct hash want, got;
		naive_root(leaf, n, &want);
		frontier_root(&f, &got);
		cr_assert(hash_equal(&got, &want), "frontier at %zu", n);
		merkle_root(leaf, n, &got);
		cr_assert(hash_equal(&got, &want), "root of %zu", n);
		cr_assert_eq(f.size, n);
		size_t at = 0, i = 0;
		for (size_t bit = 128; bit > 0; bit /= 2) {
			if (!(n & bit))
				continue;
			naive_root(leaf + at, bit, &want);
			cr_assert(hash_equal(&f.node[i++], &want), "frontier of %zu, %zu", n, bit);
			at += bit;
		}
		cr_assert_eq(frontier_count(&f), i);
		if (n < MOST)
			frontier_add(&f, &leaf[n]);
	}
}

static void path_holds(size_t n, size_t index, const struct hash *root)
{
	struct hash want[MERKLE_MAX_PATH], got[MERKLE_MAX_PATH];
	size_t len = naive_path(leaf, n, index, want), got_len = 99;
	cr_assert(paths_equal(got, merkle_path(leaf, n, index, got), want, len), "path %zu of %zu", index, n);
	cr_assert_eq(merkle_prove_inclusion(node_at, &n, n, index, got, &got_len), 0);
	cr_assert(paths_equal(got, got_len, want, len), "proof %zu of %zu", index, n);
	cr_assert(merkle_check_inclusion(&leaf[index], index, n, got, len, root));
}

Test(merkle, every_inclusion_path_is_the_definitions)
{
	for (size_t n = 1; n <= MOST; n++) {
		struct hash root;
		naive_root(leaf, n, &root);
		for (size_t index = 0; index < n; index++)
			path_holds(n, index, &root);
	}
}

/* Other sizes may share the path's shape, so a wrong size is refused only where the shape differs: what must
 * never happen is another leaf, another place, another root. */
static void path_breaks(size_t n, size_t index, const struct hash *root)
{
	struct hash path[MERKLE_MAX_PATH + 2] = { 0 };
	size_t len = naive_path(leaf, n, index, path);
	for (size_t i = 0; i < len; i++) {
		size_t bit = (n * 31 + index * 17 + i * 7) % 256;
		path[i].b[bit / 8] ^= (uint8_t)(1 << bit % 8);
		cr_assert_not(merkle_check_inclusion(&leaf[index], index, n, path, len, root));
		path[i].b[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	if (len > 0)
		cr_assert_not(merkle_check_inclusion(&leaf[index], index, n, path, len - 1, root));
	cr_assert_not(merkle_check_inclusion(&leaf[index], index, n, path, len + 1, root));
	for (size_t other = 0; other < n; other++) {
		if (other == index)
			continue;
		cr_assert_not(merkle_check_inclusion(&leaf[index], other, n, path, len, root));
		cr_assert_not(merkle_check_inclusion(&leaf[other], index, n, path, len, root));
	}
	struct hash wrong = *root;
	wrong.b[31] ^= 0x80;
	cr_assert_not(merkle_check_inclusion(&leaf[index], index, n, path, len, &wrong));
	cr_assert_not(merkle_check_inclusion(&leaf[index], n, n, path, len, root));
	cr_assert_not(merkle_check_inclusion(&leaf[index], UINT64_MAX, n, path, len, root));
}

Test(merkle, a_damaged_inclusion_path_is_refused)
{
	for (size_t n = 1; n <= MOST; n += n < 20 ? 1 : 11) {
		struct hash root;
		naive_root(leaf, n, &root);
		for (size_t index = 0; index < n; index++)
			path_breaks(n, index, &root);
	}
}

Test(merkle, every_bit_of_a_path_counts)
{
	struct hash root, path[MERKLE_MAX_PATH];
	naive_root(leaf, 13, &root);
	size_t len = naive_path(leaf, 13, 9, path);
	for (size_t bit = 0; bit < len * 256; bit++) {
		path[bit / 256].b[bit % 256 / 8] ^= (uint8_t)(1 << bit % 8);
		cr_assert_not(merkle_check_inclusion(&leaf[9], 9, 13, path, len, &root));
		path[bit / 256].b[bit % 256 / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

static void proof_holds(size_t old, size_t n)
{
	struct hash want[MERKLE_MAX_PROOF], got[MERKLE_MAX_PROOF], old_root, root;
	size_t len = old == 0 ? 0 : naive_subproof(leaf, n, old, true, want), got_len = 99;
	naive_root(leaf, old, &old_root);
	naive_root(leaf, n, &root);
	cr_assert_eq(merkle_prove_consistency(node_at, &n, old, n, got, &got_len), 0);
	cr_assert(paths_equal(got, got_len, want, len), "%zu to %zu", old, n);
	cr_assert(merkle_check_consistency(old, &old_root, n, &root, got, len), "%zu to %zu", old, n);
}

Test(merkle, every_consistency_proof_is_the_definitions)
{
	for (size_t n = 0; n <= MOST; n++)
		for (size_t old = 0; old <= n; old++)
			proof_holds(old, n);
}

static void proof_breaks(size_t old, size_t n)
{
	struct hash proof[MERKLE_MAX_PROOF + 1] = { 0 }, old_root, root;
	size_t len = old == 0 ? 0 : naive_subproof(leaf, n, old, true, proof);
	naive_root(leaf, old, &old_root);
	naive_root(leaf, n, &root);
	for (size_t bit = 0; bit < len * 256; bit += n < 20 ? 1 : 41) {
		proof[bit / 256].b[bit % 256 / 8] ^= (uint8_t)(1 << bit % 8);
		cr_assert_not(merkle_check_consistency(old, &old_root, n, &root, proof, len));
		proof[bit / 256].b[bit % 256 / 8] ^= (uint8_t)(1 << bit % 8);
	}
	if (len > 0)
		cr_assert_not(merkle_check_consistency(old, &old_root, n, &root, proof, len - 1));
	cr_assert_not(merkle_check_consistency(old, &old_root, n, &root, proof, len + 1));
	struct hash wrong = old_root;
	wrong.b[3] ^= 4;
	cr_assert_not(merkle_check_consistency(old, &wrong, n, &root, proof, len));
	if (old == 0)
		return;
	wrong = root;
	wrong.b[3] ^= 4;
	cr_assert_not(merkle_check_consistency(old, &old_root, n, &wrong, proof, len));
}

Test(merkle, a_damaged_consistency_proof_is_refused)
{
	for (size_t n = 0; n <= MOST; n += n < 20 ? 1 : 11)
		for (size_t old = 0; old <= n; old++)
			proof_breaks(old, n);
}

Test(merkle, a_proof_backwards_does_not_exist)
{
	struct hash root = leaf[0], path[MERKLE_MAX_PROOF];
	size_t n = 4, len = 99;
	cr_assert_eq(merkle_prove_consistency(node_at, &n, 5, 4, path, &len), -EINVAL);
	cr_assert_eq(merkle_prove_inclusion(node_at, &n, 4, 4, path, &len), -EINVAL);
	cr_assert_eq(merkle_prove_inclusion(node_at, &n, 0, 0, path, &len), -EINVAL);
	cr_assert_eq(len, 99);
	cr_assert_not(merkle_check_consistency(5, &root, 4, &root, NULL, 0));
	cr_assert_not(merkle_check_inclusion(&root, 0, 0, NULL, 0, &root));
}

static int failing_node(void *ctx, unsigned level, uint64_t index, struct hash *ret)
{
	(void)level, (void)index;
	memset(ret, 0, sizeof(*ret));
	return --*(int *)ctx == 0 ? -EIO : 0;
}

Test(merkle, a_node_that_can_not_be_had_ends_the_proof)
{
	for (int at = 1; at <= 3; at++) {
		struct hash path[MERKLE_MAX_PROOF];
		size_t len = 99;
		int n = at;
		cr_assert_eq(merkle_prove_inclusion(failing_node, &n, 13, 2, path, &len), -EIO);
		n = at;
		cr_assert_eq(merkle_prove_consistency(failing_node, &n, 6, 13, path, &len), -EIO);
		cr_assert_eq(len, 99);
	}
}

Test(merkle, the_largest_sizes_have_proofs_within_bounds)
{
	struct hash path[MERKLE_MAX_PROOF];
	size_t len;
	int never = 1 << 30;
	cr_assert_eq(merkle_prove_inclusion(failing_node, &never, INT64_MAX, 0, path, &len), 0);
	cr_assert_eq(len, 63);
	cr_assert_eq(merkle_prove_consistency(failing_node, &never, INT64_MAX / 3, INT64_MAX, path, &len), 0);
	cr_assert_leq(len, 64);
	memset(path, 0, sizeof(path));
	struct hash root = { 0 };
	cr_assert_not(merkle_check_inclusion(&root, UINT64_MAX - 1, UINT64_MAX, path, 128, &root));
	cr_assert_not(merkle_check_consistency(UINT64_MAX - 1, &root, UINT64_MAX, &root, path, 128));
}

#include "evidence/merkle.h"

void merkle_leaf(struct span entry, struct hash *ret)
{
	static const uint8_t prefix = 0x00;
	struct span parts[] = { { &prefix, 1 }, entry };
	sha256_parts(parts, ARRAY_SIZE(parts), ret);
}

void merkle_node(const struct hash *left, const struct hash *right, struct hash *ret)
{
	uint8_t joined[65];
	joined[0] = 0x01;
	memcpy(joined + 1, left->b, 32);
	memcpy(joined + 33, right->b, 32);
	sha256(joined, sizeof(joined), ret);
}

unsigned frontier_count(const struct frontier *f)
{
	return (unsigned)__builtin_popcountll(f->size);
}

void frontier_add(struct frontier *f, const struct hash *leaf)
{
	unsigned n = frontier_count(f);
	struct hash h = *leaf;
	/* Each one bit at the bottom of the size is a perfect subtree as large as the one that grows here. */
	for (uint64_t s = f->size; s & 1; s >>= 1)
		merkle_node(&f->node[--n], &h, &h);
	f->node[n] = h;
	f->size++;
}

void frontier_root(const struct frontier *f, struct hash *ret)
{
	unsigned n = frontier_count(f);
	if (n == 0) {
		sha256(NULL, 0, ret);
		return;
	}
	struct hash h = f->node[n - 1];
	for (unsigned i = n - 1; i > 0; i--)
		merkle_node(&f->node[i - 1], &h, &h);
	*ret = h;
}

/* The largest power of two below n (n >= 2). */
static uint64_t split(uint64_t n)
{
	return (uint64_t)1 << (63 - __builtin_clzll(n - 1));
}

void merkle_root(const struct hash *leaves, size_t n, struct hash *ret)
{
	struct frontier f = { 0 };
	for (size_t i = 0; i < n; i++)
		frontier_add(&f, &leaves[i]);
	frontier_root(&f, ret);
}

/* Walk from the root to the leaf; siblings come out root first, and are turned round at the end. */
size_t merkle_path(const struct hash *leaves, size_t n, size_t index, struct hash path[MERKLE_MAX_PATH])
{
	size_t len = 0;
	while (n > 1) {
		size_t k = (size_t)split(n);
		if (index < k) {
			merkle_root(leaves + k, n - k, &path[len++]);
			n = k;
		} else {
			merkle_root(leaves, k, &path[len++]);
			leaves += k;
			index -= k;
			n -= k;
		}
	}
	for (size_t i = 0; i < len / 2; i++) {
		struct hash h = path[i];
		path[i] = path[len - 1 - i];
		path[len - 1 - i] = h;
	}
	return len;
}

struct prover {
	merkle_node_fn node;
	void *ctx;
	struct hash *path;
	size_t max;
	size_t len;
};

/* The root of leaves [at, at + n), where `at` is a multiple of the smallest power of two >= n. */
static int range_root(const struct prover *p, uint64_t at, uint64_t n, struct hash *ret)
{
	if ((n & (n - 1)) == 0) {
		unsigned level = (unsigned)__builtin_ctzll(n);
		return p->node(p->ctx, level, at >> level, ret);
	}
	uint64_t k = split(n);
	struct hash left, right;
	int r = range_root(p, at, k, &left);
	if (r == 0)
		r = range_root(p, at + k, n - k, &right);
	if (r == 0)
		merkle_node(&left, &right, ret);
	return r;
}

static int emit(struct prover *p, uint64_t at, uint64_t n)
{
	if (p->len == p->max)
		return -EOVERFLOW;
	int r = range_root(p, at, n, &p->path[p->len]);
	if (r == 0)
		p->len++;
	return r;
}

static int inclusion(struct prover *p, uint64_t index, uint64_t at, uint64_t n)
{
	if (n == 1)
		return 0;
	uint64_t k = split(n);
	if (index < k) {
		int r = inclusion(p, index, at, k);
		return r < 0 ? r : emit(p, at + k, n - k);
	}
	int r = inclusion(p, index - k, at + k, n - k);
	return r < 0 ? r : emit(p, at, k);
}

/* RFC 6962 section 2.1.2: SUBPROOF(m, D[at:at+n], whole). */
static int subproof(struct prover *p, uint64_t m, uint64_t at, uint64_t n, bool whole)
{
	if (m == n)
		return whole ? 0 : emit(p, at, n);
	uint64_t k = split(n);
	if (m <= k) {
		int r = subproof(p, m, at, k, whole);
		return r < 0 ? r : emit(p, at + k, n - k);
	}
	int r = subproof(p, m - k, at + k, n - k, false);
	return r < 0 ? r : emit(p, at, k);
}

int merkle_prove_inclusion(merkle_node_fn node, void *ctx, uint64_t size, uint64_t index,
                           struct hash path[MERKLE_MAX_PATH], size_t *ret_len)
{
	if (index >= size)
		return -EINVAL;
	struct prover p = { .node = node, .ctx = ctx, .path = path, .max = MERKLE_MAX_PATH };
	int r = inclusion(&p, index, 0, size);
	if (r == 0)
		*ret_len = p.len;
	return r;
}

int merkle_prove_consistency(merkle_node_fn node, void *ctx, uint64_t old, uint64_t size,
                             struct hash path[MERKLE_MAX_PROOF], size_t *ret_len)
{
	if (old > size)
		return -EINVAL;
	struct prover p = { .node = node, .ctx = ctx, .path = path, .max = MERKLE_MAX_PROOF };
	int r = old == 0 ? 0 : subproof(&p, old, 0, size, true);
	if (r == 0)
		*ret_len = p.len;
	return r;
}

/* RFC 9162 section 2.1.3.2. */
bool merkle_check_inclusion(const struct hash *leaf, uint64_t index, uint64_t size, const struct hash *path,
                            size_t path_len, const struct hash *root)
{
	if (index >= size)
		return false;
	uint64_t fn = index, sn = size - 1;
	struct hash r = *leaf;
	for (size_t i = 0; i < path_len; i++) {
		if (sn == 0)
			return false;
		if ((fn & 1) || fn == sn) {
			merkle_node(&path[i], &r, &r);
			while (!(fn & 1) && fn != 0) {
				fn >>= 1;
				sn >>= 1;
			}
		} else {
			merkle_node(&r, &path[i], &r);
		}
		fn >>= 1;
		sn >>= 1;
	}
	return sn == 0 && hash_equal(&r, root);
}

/* RFC 9162 section 2.1.4.2, steps 4 to 7: the proof's first hash is a whole subtree of both trees. */
static bool consistency_walk(uint64_t fn, uint64_t sn, const struct hash *first, const struct hash *path,
                             size_t path_len, const struct hash *old_root, const struct hash *root)
{
	while (fn & 1) {
		fn >>= 1;
		sn >>= 1;
	}
	struct hash fr = *first, sr = *first;
	for (size_t i = 0; i < path_len; i++) {
		if (sn == 0)
			return false;
		if ((fn & 1) || fn == sn) {
			merkle_node(&path[i], &fr, &fr);
			merkle_node(&path[i], &sr, &sr);
			while (!(fn & 1) && fn != 0) {
				fn >>= 1;
				sn >>= 1;
			}
		} else {
			merkle_node(&sr, &path[i], &sr);
		}
		fn >>= 1;
		sn >>= 1;
	}
	return sn == 0 && hash_equal(&fr, old_root) && hash_equal(&sr, root);
}

bool merkle_check_consistency(uint64_t old, const struct hash *old_root, uint64_t size,
                              const struct hash *root, const struct hash *path, size_t path_len)
{
	if (old > size)
		return false;
	if (old == size)
		return path_len == 0 && hash_equal(old_root, root);
	if (old == 0) {
		struct hash empty;
		sha256(NULL, 0, &empty);
		return path_len == 0 && hash_equal(old_root, &empty);
	}
	if (path_len == 0)
		return false;
	if ((old & (old - 1)) == 0)
		return consistency_walk(old - 1, size - 1, old_root, path, path_len, old_root, root);
	return consistency_walk(old - 1, size - 1, &path[0], path + 1, path_len - 1, old_root, root);
}

#include "sink/fleet_log.h"

#include <fcntl.h>
#include <stdio.h>

#include <criterion/criterion.h>

#include "sink/commit_tree.h"
#include "sink/proofs.h"
#include "tests/support/fault_env.h"
#include "tests/support/host_log.h"

#define MANY 1000

struct rig {
	struct env *env;
	int dir;
	struct signer signer;
	struct fleet_log log;
	struct hash leaf[MANY];
};

static void rig_open(struct rig *g, const struct frontier *f, struct span note)
{
	struct fleet_head published;
	cr_assert_eq(fleet_log_open(g->env, g->dir, (const struct key *[]){ &g->signer.key }, 1, f, note,
	                            &g->log, &published),
	             0);
}

static void rig_init(struct rig *g)
{
	memset(g, 0, sizeof(*g));
	g->env = fault_env_new();
	g->dir = g->env->open(g->env, AT_FDCWD, "/", O_RDONLY | O_DIRECTORY, 0);
	test_signer("acme/log", &g->signer);
	rig_open(g, &(struct frontier){ 0 }, (struct span){ NULL, 0 });
}

static void rig_done(struct rig *g)
{
	fleet_log_done(&g->log);
	fault_env_free(g->env);
}

static void add(struct rig *g, size_t upto)
{
	while (g->log.frontier.size < upto) {
		char entry[32];
		size_t i = (size_t)g->log.frontier.size;
		int n = snprintf(entry, sizeof(entry), "entry %zu", i);
		struct span s = { (const uint8_t *)entry, (size_t)n };
		merkle_leaf(s, &g->leaf[i]);
		cr_assert_eq(fleet_log_add(&g->log, s), 0);
	}
	cleanup_buf struct buf text = { 0 }, note = { 0 };
	struct hash root;
	frontier_root(&g->log.frontier, &root);
	checkpoint_put_text(&text, "acme/log", g->log.frontier.size, &root);
	const struct signer *signer = &g->signer;
	cr_assert_eq(note_put(&note, (struct span){ text.data, text.len }, &signer, 1), 0);
	cr_assert_eq(fleet_log_set_note(&g->log, (struct span){ note.data, note.len }), 0);
}

static int publish(struct rig *g)
{
	return fleet_log_publish(&g->log, g->log.frontier.size,
	                         (struct span){ g->log.note.data, g->log.note.len });
}

static void check_proofs(struct rig *g)
{
	static struct proofs proofs;
	uint64_t size = g->log.frontier.size;
	struct hash root, old;
	frontier_root(&g->log.frontier, &root);
	for (uint64_t i = 0; i < size; i += 1 + i / 7) {
		const struct proof *p;
		cr_assert_eq(proofs_get(&proofs, &g->log, false, i, &p), 0, "%llu of %llu",
		             (unsigned long long)i, (unsigned long long)size);
		cr_assert(merkle_check_inclusion(&g->leaf[i], i, size, p->path, p->len, &root));
		merkle_root(g->leaf, (size_t)i, &old);
		cr_assert_eq(proofs_get(&proofs, &g->log, true, i, &p), 0);
		cr_assert(i == 0 || merkle_check_consistency(i, &old, size, &root, p->path, p->len));
	}
	proofs = (struct proofs){ 0 };
}

Test(fleet_log, proofs_verify_at_every_kind_of_size)
{
	static const size_t sizes[] = { 1, 2, 3, 7, 255, 256, 257, 300, 511, 512, 513, 768, 1000 };
	struct rig *g = malloc(sizeof(*g));
	rig_init(g);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		add(g, sizes[i]);
		check_proofs(g);
		if (i % 2)
			cr_assert_eq(publish(g), 0);
		check_proofs(g);
	}
	rig_done(g);
	free(g);
}

Test(fleet_log, opened_again_it_goes_on_where_it_was)
{
	static const size_t sizes[] = { 1, 100, 255, 256, 257, 511, 512, 700 };
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct rig *g = malloc(sizeof(*g));
		rig_init(g);
		add(g, sizes[i]);
		cr_assert_eq(publish(g), 0);
		struct frontier f = g->log.frontier;
		cleanup_buf struct buf note = { 0 };
		buf_put(&note, g->log.note.data, g->log.note.len);
		fleet_log_done(&g->log);
		rig_open(g, &f, (struct span){ note.data, note.len });
		check_proofs(g);
		add(g, 900);
		check_proofs(g);
		rig_done(g);
		free(g);
	}
}

Test(fleet_log, the_tiles_are_those_of_the_specification)
{
	struct rig *g = malloc(sizeof(*g));
	rig_init(g);
	add(g, 300);
	cr_assert_eq(publish(g), 0);
	add(g, 600);
	cr_assert_eq(publish(g), 0);
	size_t n;
	const uint8_t *tile = fault_env_content(g->env, "tile/0/001", &n);
	cr_assert_eq(n, 256 * 32);
	cr_assert_eq(memcmp(tile, g->leaf[256].b, n), 0);
	tile = fault_env_content(g->env, "tile/0/002.p/88", &n);
	cr_assert_eq(n, 88 * 32);
	cr_assert_eq(memcmp(tile, g->leaf[512].b, n), 0);
	struct hash root;
	merkle_root(g->leaf + 256, 256, &root);
	tile = fault_env_content(g->env, "tile/1/000.p/2", &n);
	cr_assert_eq(n, 64);
	cr_assert_eq(memcmp(tile + 32, root.b, 32), 0);
	cr_assert_eq(memcmp(fault_env_content(g->env, "tile/entries/000", &n), "\0\7entry 0\0\7entry 1", 18),
	             0);
	cr_assert_not(fault_env_exists(g->env, "tile/0/001.p"), "partial ones go when the tile is full");
	cr_assert_not(fault_env_exists(g->env, "tile/entries/001.p"));
	rig_done(g);
	free(g);
}

/* What has been published as of `size`, in a log that had grown to `grown` by then. */
static void check_published_as(size_t size, size_t grown)
{
	struct rig *g = malloc(sizeof(*g)), *plain = malloc(sizeof(*plain));
	rig_init(g);
	rig_init(plain);
	add(plain, size);
	cr_assert_eq(publish(plain), 0);
	add(g, size);
	cleanup_buf struct buf note = { 0 };
	buf_put(&note, g->log.note.data, g->log.note.len);
	add(g, grown);
	cr_assert_eq(fleet_log_publish(&g->log, size, (struct span){ note.data, note.len }), 0);
	cr_assert_eq(g->log.published, size);
	for (int level = -1; level < 2; level++) {
		int l = level < 0 ? TILE_ENTRIES : level;
		for (uint64_t index = 0; index <= grown / TILE_WIDTH; index++) {
			for (unsigned width = 1; width <= TILE_WIDTH; width++) {
				char path[TILE_PATH_MAX];
				size_t n, m;
				tile_path(l, index, width, path);
				bool there = fault_env_exists(plain->env, path);
				cr_assert_eq(fault_env_exists(g->env, path), there, "%s of %zu", path, size);
				if (!there)
					continue;
				const uint8_t *a = fault_env_content(g->env, path, &n);
				const uint8_t *b = fault_env_content(plain->env, path, &m);
				cr_assert(n == m && memcmp(a, b, n) == 0, "%s of %zu", path, size);
			}
		}
	}
	check_proofs(g);
	cr_assert_eq(publish(g), 0);
	check_proofs(g);
	rig_done(g);
	rig_done(plain);
	free(g);
	free(plain);
}

Test(fleet_log, is_published_as_of_an_earlier_size_as_if_it_had_not_grown_since)
{
	static const size_t sizes[][2] = { { 1, 2 },     { 3, 255 },   { 10, 256 },  { 255, 257 },
		                           { 256, 700 }, { 257, 258 }, { 300, 999 }, { 511, 512 },
		                           { 512, 513 }, { 1, 1000 } };
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
		check_published_as(sizes[i][0], sizes[i][1]);
}

Test(fleet_log, what_is_published_is_not_put_back)
{
	struct rig *g = malloc(sizeof(*g));
	rig_init(g);
	add(g, 5);
	cleanup_buf struct buf note = { 0 };
	buf_put(&note, g->log.note.data, g->log.note.len);
	add(g, 9);
	cr_assert_eq(publish(g), 0);
	cr_assert_eq(fleet_log_publish(&g->log, 5, (struct span){ note.data, note.len }), 0);
	cr_assert_eq(g->log.published, 9);
	size_t n;
	const uint8_t *p = fault_env_content(g->env, "checkpoint", &n);
	cr_assert(n == g->log.note.len && memcmp(p, g->log.note.data, n) == 0);
	rig_done(g);
	free(g);
}

Test(fleet_log, tells_its_root_at_every_earlier_size)
{
	struct rig *g = malloc(sizeof(*g));
	rig_init(g);
	add(g, 700);
	cr_assert_eq(publish(g), 0);
	for (uint64_t size = 0; size <= 700; size++) {
		struct hash want, got;
		merkle_root(g->leaf, (size_t)size, &want);
		cr_assert_eq(fleet_log_root(&g->log, size, &got), 0);
		cr_assert(hash_equal(&want, &got), "%llu", (unsigned long long)size);
	}
	struct hash untouched;
	cr_assert_eq(fleet_log_root(&g->log, 701, &untouched), -ERANGE);
	rig_done(g);
	free(g);
}

Test(fleet_log, damaged_tiles_are_noticed_at_the_start)
{
	struct rig *g = malloc(sizeof(*g));
	rig_init(g);
	add(g, 300);
	cr_assert_eq(publish(g), 0);
	struct frontier f = g->log.frontier;
	cleanup_buf struct buf note = { 0 };
	buf_put(&note, g->log.note.data, g->log.note.len);
	fleet_log_done(&g->log);
	static const char *const names[] = { "tile/0/001.p/44", "tile/1/000.p/1", "tile/entries/001.p/44",
		                             "checkpoint" };
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		size_t n;
		uint8_t *p = fault_env_content(g->env, names[i], &n);
		cr_assert_not_null(p, "%s", names[i]);
		p[3] ^= 1;
		struct fleet_head published;
		cr_assert_eq(fleet_log_open(g->env, g->dir, (const struct key *[]){ &g->signer.key }, 1, &f,
		                            (struct span){ note.data, note.len }, &g->log, &published),
		             -EBADMSG, "%s", names[i]);
		p[3] ^= 1;
	}
	fault_env_free(g->env);
	free(g);
}

Test(commit_tree, roots_and_paths_are_those_of_rfc_6962)
{
	struct hash leaves[70];
	for (unsigned i = 0; i < ARRAY_SIZE(leaves); i++)
		sha256(&i, sizeof(i), &leaves[i]);
	for (size_t n = 1; n <= ARRAY_SIZE(leaves); n++) {
		cleanup_commit_tree struct commit_tree t;
		struct hash root, expected, path[COMMIT_MAX_PATH], want[MERKLE_MAX_PATH];
		cr_assert_eq(commit_tree_build(&t, leaves, n), 0);
		commit_tree_root(&t, &root);
		merkle_root(leaves, n, &expected);
		cr_assert(hash_equal(&root, &expected), "%zu leaves", n);
		for (size_t i = 0; i < n; i++) {
			size_t len = commit_tree_path(&t, i, path);
			cr_assert_eq(len, merkle_path(leaves, n, i, want));
			cr_assert_eq(memcmp(path, want, len * sizeof(*path)), 0);
		}
	}
}

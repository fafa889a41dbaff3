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
	cr_assert_eq(fleet_log_open(g->env, g->dir, &g->signer.key, f, note, &g->log, &published), 0);
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
			cr_assert_eq(fleet_log_publish(&g->log), 0);
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
		cr_assert_eq(fleet_log_publish(&g->log), 0);
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
	cr_assert_eq(fleet_log_publish(&g->log), 0);
	add(g, 600);
	cr_assert_eq(fleet_log_publish(&g->log), 0);
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

Test(fleet_log, damaged_tiles_are_noticed_at_the_start)
{
	struct rig *g = malloc(sizeof(*g));
	rig_init(g);
	add(g, 300);
	cr_assert_eq(fleet_log_publish(&g->log), 0);
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
		cr_assert_eq(fleet_log_open(g->env, g->dir, &g->signer.key, &f,
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

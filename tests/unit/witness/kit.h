/* A witness over a world in memory, and logs that ask it. */
#ifndef SWORNLOG_TESTS_UNIT_WITNESS_KIT_H
#define SWORNLOG_TESTS_UNIT_WITNESS_KIT_H

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>

#include "evidence/cosignature.h"
#include "evidence/witness.h"
#include "tests/support/bytes.h"
#include "tests/support/fault_env.h"
#include "tests/support/host_log.h"
#include "witness/cosigner.h"

#define LOG_MAX 64
#define NOW_S   1795507200ull

/* A log of leaves "<branch> <number>": those below `fork` are of branch 0. */
struct test_log {
	struct signer key;
	struct hash leaf[LOG_MAX];
};

static maybe_unused void test_log_init(struct test_log *l, const char *origin, unsigned branch, unsigned fork)
{
	test_signer(origin, &l->key);
	for (unsigned i = 0; i < LOG_MAX; i++) {
		char text[32];
		int n = snprintf(text, sizeof(text), "%u %u", i < fork ? 0 : branch, i);
		merkle_leaf((struct span){ (const uint8_t *)text, (size_t)n }, &l->leaf[i]);
	}
}

static maybe_unused int test_log_node(void *ctx, unsigned level, uint64_t index, struct hash *ret)
{
	const struct test_log *l = ctx;
	merkle_root(l->leaf + (index << level), (size_t)1 << level, ret);
	return 0;
}

static maybe_unused void test_log_text(const struct test_log *l, uint64_t size, struct buf *ret)
{
	struct hash root;
	merkle_root(l->leaf, size, &root);
	checkpoint_put_text(ret, l->key.key.name, size, &root);
}

static maybe_unused void test_log_note(const struct test_log *l, uint64_t size, struct buf *ret)
{
	cleanup_buf struct buf text = { 0 };
	const struct signer *signers[] = { &l->key };
	test_log_text(l, size, &text);
	cr_assert_eq(note_put(ret, buf_span(&text), signers, 1), 0);
}

/* A request from `old` to `size`, with the proof that an honest log would send. */
static maybe_unused void test_log_request(struct test_log *l, uint64_t old, uint64_t size, struct buf *ret)
{
	cleanup_buf struct buf note = { 0 };
	struct hash proof[MERKLE_MAX_PROOF];
	size_t n = 0;
	test_log_note(l, size, &note);
	if (old <= size)
		cr_assert_eq(merkle_prove_consistency(test_log_node, l, old, size, proof, &n), 0);
	cr_assert_eq(witness_put_request(ret, old, proof, n, buf_span(&note)), 0);
}

struct kit {
	struct env *env;
	struct signer witness;
	struct policy *policy;
	struct store store;
	bool open;
	struct cosigner cosigner;
	char error[512];
};

static maybe_unused int kit_open(struct kit *k)
{
	int r = store_open(k->env, "store", &k->witness.key, &k->store, k->error, sizeof(k->error));
	k->open = r == 0;
	if (r == 0)
		cosigner_init(&k->cosigner, &k->witness, k->policy, &k->store);
	return r;
}

static maybe_unused void kit_close(struct kit *k)
{
	if (k->open)
		store_close(&k->store);
	k->open = false;
}

/* The world and the keys, without a state; serves the logs acme/log and other/log. */
static maybe_unused void kit_new(struct kit *k)
{
	static const char *const logs[] = { "acme/log", "other/log" };
	cleanup_buf struct buf policy = { 0 };
	*k = (struct kit){ .env = fault_env_new() };
	/* The clocks of the world begin somewhere. */
	uint64_t now_us = k->env->wall_us(k->env);
	cr_assert_leq(now_us, NOW_S * 1000000);
	fault_env_tick(k->env, NOW_S * 1000000 - now_us);
	test_cosigner("witness.example", &k->witness);
	for (size_t i = 0; i < ARRAY_SIZE(logs); i++) {
		struct signer s;
		test_signer(logs[i], &s);
		buf_put_str(&policy, "log ");
		key_put(&policy, &s.key);
		buf_put_u8(&policy, '\n');
	}
	buf_put_str(&policy, "quorum none\n");
	cr_assert_eq(policy_parse(buf_span(&policy), &k->policy, k->error, sizeof(k->error)), 0, "%s",
	             k->error);
	cr_assert_eq(k->env->mkdir(k->env, AT_FDCWD, "store", 0700), 0);
	int root = k->env->open(k->env, AT_FDCWD, ".", O_RDONLY | O_DIRECTORY, 0);
	cr_assert_geq(root, 0);
	cr_assert_eq(k->env->dirsync(k->env, root), 0);
	cr_assert_eq(k->env->close(k->env, root), 0);
}

static maybe_unused void kit_init(struct kit *k)
{
	kit_new(k);
	cr_assert_eq(store_create(k->env, "store", &k->witness.key, k->error, sizeof(k->error)), 0, "%s",
	             k->error);
	cr_assert_eq(kit_open(k), 0, "%s", k->error);
}

static maybe_unused void kit_done(struct kit *k)
{
	kit_close(k);
	cr_expect_eq(fault_env_open_count(k->env), 0);
	policy_free(k->policy);
	fault_env_free(k->env);
}

#define cleanup_kit cleanup(kit_done)

static maybe_unused unsigned kit_send(struct kit *k, const struct buf *body, struct buf *ret_answer)
{
	cleanup_http_answer struct http_answer a = { 0 };
	cosigner_add(&k->cosigner, buf_span(body), &a);
	cr_assert_eq(buf_err(&a.body), 0);
	buf_reset(ret_answer);
	buf_put(ret_answer, a.body.data, a.body.len);
	return a.status;
}

static maybe_unused unsigned kit_ask(struct kit *k, struct test_log *l, uint64_t old, uint64_t size)
{
	cleanup_buf struct buf body = { 0 }, answer = { 0 };
	test_log_request(l, old, size, &body);
	return kit_send(k, &body, &answer);
}

#endif

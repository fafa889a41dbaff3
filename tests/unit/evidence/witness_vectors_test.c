/* docs/vectors of section 16: a log of five entries, a request to a witness, its answer, a policy that holds.
 */
#include <criterion/criterion.h>
#include <stdio.h>

#include "evidence/cosignature.h"
#include "evidence/policy.h"
#include "evidence/witness.h"
#include "tests/support/bytes.h"
#include "tests/support/host_log.h"
#include "tests/support/vectors.h"

#define ENTRIES   5
#define OLD       3
#define WITNESSES 3
#define TIME      1795507300

static const char *const names[WITNESSES] = { "first", "second", "third" };

struct witnessed {
	struct hash leaf[ENTRIES];
	struct signer log, w[WITNESSES];
	struct buf text, note, request, policy;
};

static void done(struct witnessed *v)
{
	buf_done(&v->text);
	buf_done(&v->note);
	buf_done(&v->request);
	buf_done(&v->policy);
}

/* What is asked for here are whole pairs of leaves and single ones. */
static int node(void *ctx, unsigned level, uint64_t index, struct hash *ret)
{
	const struct hash *leaf = ctx;
	merkle_root(leaf + (index << level), (size_t)1 << level, ret);
	return 0;
}

static void put_policy(struct witnessed *v)
{
	buf_put_str(&v->policy, "log ");
	key_put(&v->policy, &v->log.key);
	buf_put_str(&v->policy, " https://log.vectors.example/\n");
	for (size_t i = 0; i < WITNESSES; i++) {
		buf_printf(&v->policy, "witness %s ", names[i]);
		key_put(&v->policy, &v->w[i].key);
		buf_printf(&v->policy, " https://%s.vectors.example/\n", names[i]);
	}
	buf_put_str(&v->policy, "group some 2 first second third\nquorum some\n");
}

static void begin(struct witnessed *v)
{
	char name[64];
	struct hash root, proof[MERKLE_MAX_PROOF];
	size_t n;
	*v = (struct witnessed){ 0 };
	test_signer("vectors.example/log", &v->log);
	for (size_t i = 0; i < ENTRIES; i++) {
		int len = snprintf(name, sizeof(name), "entry %zu", i);
		merkle_leaf((struct span){ (const uint8_t *)name, (size_t)len }, &v->leaf[i]);
	}
	for (size_t i = 0; i < WITNESSES; i++) {
		snprintf(name, sizeof(name), "witness.example/%s", names[i]);
		test_cosigner(name, &v->w[i]);
	}
	merkle_root(v->leaf, ENTRIES, &root);
	checkpoint_put_text(&v->text, "vectors.example/log", ENTRIES, &root);
	const struct signer *log[] = { &v->log };
	cr_assert_eq(note_put(&v->note, buf_span(&v->text), log, 1), 0);
	cr_assert_eq(merkle_prove_consistency(node, v->leaf, OLD, ENTRIES, proof, &n), 0);
	cr_assert_eq(witness_put_request(&v->request, OLD, proof, n, buf_span(&v->note)), 0);
	put_policy(v);
}

Test(witness_vectors, are_what_the_code_makes_of_the_same_names_and_numbers)
{
	cleanup(done) struct witnessed v;
	cleanup_buf struct buf answer = { 0 }, keys = { 0 };
	begin(&v);
	cr_expect(vector_is("add-checkpoint.txt", buf_span(&v.request)));
	cr_assert_eq(cosignature_put(&answer, buf_span(&v.text), TIME, &v.w[0]), 0);
	cr_expect(vector_is("cosignature.txt", buf_span(&answer)));
	buf_put(&v.note, answer.data, answer.len);
	cr_assert_eq(cosignature_put(&v.note, buf_span(&v.text), TIME + 1, &v.w[2]), 0);
	cr_expect(vector_is("cosigned.txt", buf_span(&v.note)));
	cr_expect(vector_is("policy.txt", buf_span(&v.policy)));
	for (size_t i = 0; i < WITNESSES; i++) {
		signer_put(&keys, &v.w[i]);
		buf_put_u8(&keys, '\n');
	}
	cr_expect(vector_is("witness-secrets.txt", buf_span(&keys)));
}

Test(witness_vectors, make_a_request_and_a_quorum_that_hold)
{
	cleanup(done) struct witnessed v;
	cleanup_policy struct policy *p = NULL;
	struct witness_request r;
	struct note n;
	struct checkpoint c;
	struct policy_verdict verdict;
	struct hash old;
	char error[256] = "";
	begin(&v);
	merkle_root(v.leaf, OLD, &old);
	cr_assert_eq(witness_parse_request(buf_span(&v.request), &r), 0);
	cr_assert_eq(note_parse(r.note, &n), 0);
	cr_assert_eq(checkpoint_parse(n.text, &c), 0);
	cr_assert(merkle_check_consistency(r.old_size, &old, c.size, &c.root, r.proof, r.proof_len));
	cr_assert_eq(policy_parse(buf_span(&v.policy), &p, error, sizeof(error)), 0, "%s", error);
	cr_assert_eq(cosignature_put(&v.note, buf_span(&v.text), TIME, &v.w[0]), 0);
	cr_assert_eq(policy_check(p, buf_span(&v.note), NULL, &verdict), 0);
	cr_assert_not(verdict.quorum);
	cr_assert_eq(cosignature_put(&v.note, buf_span(&v.text), TIME + 1, &v.w[2]), 0);
	cr_assert_eq(policy_check(p, buf_span(&v.note), NULL, &verdict), 0);
	cr_assert(verdict.quorum);
}

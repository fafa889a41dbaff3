#include "tests/unit/witness/kit.h"

#define DASH "\xe2\x80\x94 "

static void held(const struct kit *k, const char *origin, uint64_t size)
{
	const struct seen *s = seen_find(&k->store.seen, span_str(origin));
	cr_expect_eq(s ? s->checkpoint.size : 0, size);
}

Test(cosigner, a_log_that_goes_on_is_cosigned_step_by_step)
{
	cleanup_kit struct kit k;
	struct test_log l;
	kit_init(&k);
	test_log_init(&l, "acme/log", 0, 0);
	static const uint64_t sizes[] = { 0, 1, 1, 2, 7, 8, 8, 33, 64 };
	for (size_t i = 1; i < ARRAY_SIZE(sizes); i++) {
		cleanup_buf struct buf body = { 0 }, answer = { 0 }, text = { 0 }, line = { 0 };
		uint64_t time_s;
		test_log_request(&l, sizes[i - 1], sizes[i], &body);
		cr_assert_eq(kit_send(&k, &body, &answer), 200, "size %llu", (unsigned long long)sizes[i]);
		test_log_text(&l, sizes[i], &text);
		cr_assert_eq(witness_take_cosignature(buf_span(&answer), buf_span(&text), &k.witness.key,
		                                      &line, &time_s),
		             0);
		cr_assert_eq(time_s, NOW_S);
		cr_assert(bytes_equal(buf_span(&line), buf_span(&answer)), "the line, and nothing else");
		held(&k, "acme/log", sizes[i]);
	}
}

Test(cosigner, an_empty_log_has_one_root)
{
	cleanup_kit struct kit k;
	struct test_log l;
	kit_init(&k);
	test_log_init(&l, "acme/log", 0, 0);
	cleanup_buf struct buf text = { 0 }, note = { 0 }, body = { 0 }, answer = { 0 };
	struct hash root = { { 7 } };
	const struct signer *signers[] = { &l.key };
	checkpoint_put_text(&text, "acme/log", 0, &root);
	cr_assert_eq(note_put(&note, buf_span(&text), signers, 1), 0);
	cr_assert_eq(witness_put_request(&body, 0, NULL, 0, buf_span(&note)), 0);
	cr_expect_eq(kit_send(&k, &body, &answer), 422);
	cr_expect_eq(kit_ask(&k, &l, 0, 0), 200);
	cr_expect_eq(kit_send(&k, &body, &answer), 422);
	cr_expect_eq(kit_ask(&k, &l, 0, 3), 200);
	held(&k, "acme/log", 3);
}

Test(cosigner, the_size_held_is_told_to_who_has_another)
{
	cleanup_kit struct kit k;
	struct test_log l;
	kit_init(&k);
	test_log_init(&l, "acme/log", 0, 0);
	cleanup_buf struct buf early = { 0 }, late = { 0 }, answer = { 0 };
	test_log_request(&l, 2, 3, &early);
	cr_expect_eq(kit_send(&k, &early, &answer), 409);
	cr_expect(bytes_equal(buf_span(&answer), TEXT("0\n")));
	cr_assert_eq(kit_ask(&k, &l, 0, 20), 200);
	test_log_request(&l, 0, 21, &late);
	cr_expect_eq(kit_send(&k, &late, &answer), 409);
	cr_expect(bytes_equal(buf_span(&answer), TEXT("20\n")));
	cr_expect_eq(kit_ask(&k, &l, 5, 10), 409);
	cr_expect_eq(kit_ask(&k, &l, 20, 10), 400);
	held(&k, "acme/log", 20);
}

Test(cosigner, logs_do_not_touch_each_other)
{
	cleanup_kit struct kit k;
	struct test_log a, b, stranger;
	kit_init(&k);
	test_log_init(&a, "acme/log", 0, 0);
	test_log_init(&b, "other/log", 9, 0);
	test_log_init(&stranger, "stranger/log", 0, 0);
	cr_expect_eq(kit_ask(&k, &a, 0, 5), 200);
	cr_expect_eq(kit_ask(&k, &b, 0, 7), 200);
	cr_expect_eq(kit_ask(&k, &a, 5, 6), 200);
	cr_expect_eq(kit_ask(&k, &stranger, 0, 5), 404);
	held(&k, "acme/log", 6);
	held(&k, "other/log", 7);
	held(&k, "stranger/log", 0);
}

Test(cosigner, a_checkpoint_that_the_log_has_not_signed_is_refused)
{
	cleanup_kit struct kit k;
	struct test_log l, other;
	kit_init(&k);
	test_log_init(&l, "acme/log", 0, 0);
	test_log_init(&other, "other/log", 0, 0);
	cleanup_buf struct buf text = { 0 }, foreign = { 0 }, body = { 0 }, bad = { 0 }, answer = { 0 };
	const struct signer *signers[] = { &other.key };
	test_log_text(&l, 5, &text);
	cr_assert_eq(note_put(&foreign, buf_span(&text), signers, 1), 0);
	cr_assert_eq(witness_put_request(&body, 0, NULL, 0, buf_span(&foreign)), 0);
	cr_expect_eq(kit_send(&k, &body, &answer), 403, "another log's key");
	/* A line that bears the log's name and id, and was made for another text. */
	test_log_request(&l, 0, 5, &bad);
	uint8_t *size = memmem(bad.data, bad.len, "\n5\n", 3);
	size[1] = '6';
	cr_expect_eq(kit_send(&k, &bad, &answer), 403);
	held(&k, "acme/log", 0);
}

Test(cosigner, a_fork_is_refused_and_both_notes_are_kept)
{
	cleanup_kit struct kit k;
	struct test_log l, fork;
	kit_init(&k);
	test_log_init(&l, "acme/log", 0, 0);
	test_log_init(&fork, "acme/log", 1, 6);
	cr_assert_eq(kit_ask(&k, &l, 0, 10), 200);
	cr_expect_eq(kit_ask(&k, &fork, 10, 10), 422);
	cr_expect_eq(kit_ask(&k, &fork, 10, 12), 422);
	cr_expect_eq(kit_ask(&k, &fork, 10, 12), 422);
	held(&k, "acme/log", 10);
	cr_assert_eq(k.store.kept, 2);
	cleanup_buf struct buf held_note = { 0 }, shown = { 0 };
	size_t n;
	const uint8_t *p = fault_env_content(k.env, "store/inconsistent-0-held", &n);
	test_log_note(&l, 10, &held_note);
	cr_expect(bytes_equal((struct span){ p, n }, buf_span(&held_note)));
	p = fault_env_content(k.env, "store/inconsistent-0-shown", &n);
	test_log_note(&fork, 10, &shown);
	cr_expect(bytes_equal((struct span){ p, n }, buf_span(&shown)));
	cr_expect(fault_env_exists(k.env, "store/inconsistent-1-shown"));
	/* The honest log goes on, and a restart does not forget what was kept. */
	cr_expect_eq(kit_ask(&k, &l, 10, 12), 200);
	kit_close(&k);
	cr_assert_eq(kit_open(&k), 0, "%s", k.error);
	cr_expect_eq(k.store.kept, 2);
}

Test(cosigner, wrong_proofs_fill_only_half_of_what_is_kept)
{
	cleanup_kit struct kit k;
	struct test_log l, fork;
	kit_init(&k);
	test_log_init(&l, "acme/log", 0, 0);
	test_log_init(&fork, "acme/log", 1, 6);
	cr_assert_eq(kit_ask(&k, &l, 0, 10), 200);
	for (uint64_t size = 11; size < 40; size++)
		cr_assert_eq(kit_ask(&k, &fork, 10, size), 422);
	cr_expect_eq(k.store.kept, STORE_MAX_KEPT / 2);
	cr_assert_eq(kit_ask(&k, &fork, 10, 10), 422);
	cr_expect_eq(k.store.kept, STORE_MAX_KEPT / 2 + 1);
}

static void with_proof(struct test_log *l, uint64_t old, uint64_t size, size_t proof_len, struct buf *ret)
{
	cleanup_buf struct buf note = { 0 };
	static const struct hash proof[WITNESS_MAX_PROOF];
	test_log_note(l, size, &note);
	cr_assert_eq(witness_put_request(ret, old, proof, proof_len, buf_span(&note)), 0);
}

Test(cosigner, a_proof_stands_where_it_must_and_nowhere_else)
{
	cleanup_kit struct kit k;
	struct test_log l;
	kit_init(&k);
	test_log_init(&l, "acme/log", 0, 0);
	cleanup_buf struct buf first = { 0 }, none = { 0 }, same = { 0 }, long_one = { 0 }, answer = { 0 };
	with_proof(&l, 0, 8, 1, &first);
	cr_expect_eq(kit_send(&k, &first, &answer), 422, "from size 0 there is nothing to prove");
	cr_assert_eq(kit_ask(&k, &l, 0, 8), 200);
	with_proof(&l, 8, 9, 0, &none);
	cr_expect_eq(kit_send(&k, &none, &answer), 422);
	with_proof(&l, 8, 8, 1, &same);
	cr_expect_eq(kit_send(&k, &same, &answer), 422);
	with_proof(&l, 8, 9, WITNESS_MAX_PROOF, &long_one);
	cr_expect_eq(kit_send(&k, &long_one, &answer), 422);
	held(&k, "acme/log", 8);
	cr_expect_eq(k.store.kept, 1, "the same checkpoint with a proof too many is no evidence");
}

Test(cosigner, what_is_malformed_is_refused_before_anything_is_looked_up)
{
	cleanup_kit struct kit k;
	struct test_log l;
	kit_init(&k);
	test_log_init(&l, "acme/log", 0, 0);
	static const char *const wrong[] = { "", "x", "old 0\n\nacme/log\n",
		                             "old 0\n\nacme/log\n\n" DASH "a QUFBQUE=\n" };
	cleanup_buf struct buf answer = { 0 }, body = { 0 }, huge = { 0 };
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		buf_reset(&body);
		buf_put_str(&body, wrong[i]);
		cr_expect_eq(kit_send(&k, &body, &answer), 400, "case %zu", i);
	}
	memset(buf_extend(&huge, WITNESS_MAX_REQUEST + 1), 'x', WITNESS_MAX_REQUEST + 1);
	cr_expect_eq(kit_send(&k, &huge, &answer), 413);
}

static unsigned shown(const struct kit *k, const char *origin, struct buf *ret)
{
	char hex[WITNESS_HEX_MAX + 1];
	cleanup_http_answer struct http_answer a = { 0 };
	witness_origin_hex(span_str(origin), hex);
	cosigner_show(&k->cosigner, span_str(hex), &a);
	buf_put(ret, a.body.data, a.body.len);
	return a.status;
}

Test(cosigner, the_newest_checkpoint_is_shown_as_it_was_cosigned_also_after_a_restart)
{
	cleanup_kit struct kit k;
	struct test_log l;
	kit_init(&k);
	test_log_init(&l, "acme/log", 0, 0);
	cleanup_buf struct buf nothing = { 0 }, now = { 0 }, then = { 0 }, body = { 0 }, want = { 0 },
	                       answer = { 0 };
	cr_expect_eq(shown(&k, "acme/log", &nothing), 404);
	test_log_request(&l, 0, 9, &body);
	/* Lines of others in what the log sent are not the witness's to pass on. */
	buf_put_str(&body, DASH "stranger QUFBQUE=\n");
	cr_assert_eq(kit_send(&k, &body, &answer), 200);
	test_log_note(&l, 9, &want);
	buf_put(&want, answer.data, answer.len);
	cr_expect_eq(shown(&k, "acme/log", &now), 200);
	cr_expect(bytes_equal(buf_span(&now), buf_span(&want)));
	kit_close(&k);
	fault_env_tick(k.env, 5000000);
	cr_assert_eq(kit_open(&k), 0, "%s", k.error);
	cr_expect_eq(shown(&k, "acme/log", &then), 200);
	cr_expect(bytes_equal(buf_span(&then), buf_span(&want)));
	cr_expect_eq(shown(&k, "other/log", &nothing), 404);
}

Test(cosigner, a_log_with_two_keys_may_sign_with_either_or_both)
{
	cleanup_kit struct kit k;
	struct test_log l;
	struct signer newer;
	cleanup_buf struct buf policy = { 0 }, text = { 0 }, note = { 0 }, body = { 0 }, answer = { 0 },
	                       now = { 0 };
	kit_init(&k);
	test_log_init(&l, "acme/log", 0, 0);
	test_signer("acme/log", &newer);
	newer.secret.seed[0] ^= 1;
	cr_assert_eq(ed25519_from_seed(newer.secret.seed, &newer.secret), 0);
	cr_assert_eq(key_make("acme/log", KEY_TYPE_ED25519, &newer.secret.public_key, &newer.key), 0);
	buf_put_str(&policy, "log ");
	key_put(&policy, &l.key.key);
	buf_put_str(&policy, "\nlog ");
	key_put(&policy, &newer.key);
	buf_put_str(&policy, "\nquorum none\n");
	policy_free(TAKE_PTR(k.policy));
	cr_assert_eq(policy_parse(buf_span(&policy), &k.policy, k.error, sizeof(k.error)), 0, "%s", k.error);
	k.cosigner.policy = k.policy;
	cr_expect_eq(kit_ask(&k, &l, 0, 1), 200);
	fault_env_tick(k.env, 1000000);
	const struct signer *both[] = { &newer, &l.key };
	test_log_text(&l, 1, &text);
	cr_assert_eq(note_put(&note, buf_span(&text), both, 2), 0);
	cr_assert_eq(witness_put_request(&body, 1, NULL, 0, buf_span(&note)), 0);
	cr_expect_eq(kit_send(&k, &body, &answer), 200);
	buf_put(&note, answer.data, answer.len);
	cr_expect_eq(shown(&k, "acme/log", &now), 200);
	cr_expect(bytes_equal(buf_span(&now), buf_span(&note)));
}

Test(cosigner, who_asks_again_gets_the_same_within_a_second_and_a_new_date_after_it)
{
	cleanup_kit struct kit k;
	struct test_log l;
	kit_init(&k);
	test_log_init(&l, "acme/log", 0, 0);
	cleanup_buf struct buf body = { 0 }, first = { 0 }, second = { 0 }, later = { 0 };
	cr_assert_eq(kit_ask(&k, &l, 0, 4), 200);
	test_log_request(&l, 4, 4, &body);
	uint64_t before = fault_env_calls(k.env, FAULT_RENAME);
	cr_expect_eq(kit_send(&k, &body, &first), 200);
	cr_expect_eq(kit_send(&k, &body, &second), 200);
	cr_expect(bytes_equal(buf_span(&first), buf_span(&second)));
	cr_expect_eq(fault_env_calls(k.env, FAULT_RENAME), before, "the disk is left alone");
	fault_env_tick(k.env, 1000000);
	cr_expect_eq(kit_send(&k, &body, &later), 200);
	cr_expect_eq(fault_env_calls(k.env, FAULT_RENAME), before + 1);
	cr_expect_eq(k.store.seen.row[0].time_s, NOW_S + 1);
	cr_expect_neq(memcmp(first.data, later.data, first.len), 0);
}

Test(cosigner, a_full_disk_refuses_and_forgets_nothing)
{
	cleanup_kit struct kit k;
	struct test_log l;
	kit_init(&k);
	test_log_init(&l, "acme/log", 0, 0);
	cr_assert_eq(kit_ask(&k, &l, 0, 4), 200);
	fault_env_space(k.env, 10);
	cr_expect_eq(kit_ask(&k, &l, 4, 5), 503);
	held(&k, "acme/log", 4);
	fault_env_space(k.env, UINT64_MAX);
	cr_expect_eq(kit_ask(&k, &l, 4, 5), 200);
	cr_expect_eq(kit_ask(&k, &l, 4, 6), 409);
}

/* Any step of storing that fails: nothing was signed, and one root a size is signed afterwards. */
Test(cosigner, a_failed_step_of_storing_is_no_cosignature)
{
	static const enum fault_op steps[] = { FAULT_OPEN,  FAULT_PWRITE, FAULT_DATASYNC,
		                               FAULT_CLOSE, FAULT_RENAME, FAULT_DIRSYNC };
	struct test_log l;
	test_log_init(&l, "acme/log", 0, 0);
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		cleanup_kit struct kit k;
		kit_init(&k);
		cr_assert_eq(kit_ask(&k, &l, 0, 4), 200);
		fault_env_fail(k.env, steps[i], 1, -EIO);
		cr_expect_eq(kit_ask(&k, &l, 4, 5), 503, "step %zu", i);
		held(&k, "acme/log", 4);
		cr_expect_eq(kit_ask(&k, &l, 4, 5), 200, "step %zu", i);
	}
}

Test(cosigner, a_clock_that_is_wrong_signs_nothing)
{
	cleanup_kit struct kit k;
	struct test_log l;
	kit_init(&k);
	test_log_init(&l, "acme/log", 0, 0);
	cr_assert_eq(kit_ask(&k, &l, 0, 4), 200);
	/* As if the clock had been set back by an hour since: what was cosigned is dated later. */
	((struct seen *)(uintptr_t)seen_find(&k.store.seen, TEXT("acme/log")))->time_s += 3600;
	cr_expect_eq(kit_ask(&k, &l, 4, 5), 503);
	held(&k, "acme/log", 4);
	fault_env_tick(k.env, 3600ull * 1000000);
	cr_expect_eq(kit_ask(&k, &l, 4, 5), 200);
}

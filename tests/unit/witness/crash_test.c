/* A crash at every call: what was signed is there afterwards, so that no size gets two roots, and the log
 * goes on from where the witness says it is. */
#include "tests/unit/witness/kit.h"

struct run {
	struct kit kit;
	struct test_log log, fork;
	uint64_t signed_size; /* the largest that a cosignature has left for */
};

/* As a log does: from where the witness says that it is. */
static unsigned go_on(struct run *r, struct test_log *l, uint64_t size)
{
	const struct seen *s = seen_find(&r->kit.store.seen, TEXT("acme/log"));
	uint64_t held = s ? s->checkpoint.size : 0;
	if (held > size)
		return 409;
	unsigned status = kit_ask(&r->kit, l, held, size);
	if (status == 200)
		r->signed_size = MAX(r->signed_size, size);
	return status;
}

static bool work(struct run *r)
{
	if (!r->kit.open && kit_open(&r->kit) < 0)
		return false;
	for (uint64_t size = 1; size < 12; size += 3) {
		if (size > r->signed_size && go_on(r, &r->log, size) != 200)
			return false;
	}
	return true;
}

/* What the disk says of the log is the one history, at or beyond what was signed. */
static void check(struct run *r, uint64_t call)
{
	const struct seen *s = seen_find(&r->kit.store.seen, TEXT("acme/log"));
	uint64_t held = s ? s->checkpoint.size : 0;
	struct hash root;
	cr_assert_geq(held, r->signed_size, "call %llu", (unsigned long long)call);
	if (!s)
		return;
	merkle_root(r->log.leaf, held, &root);
	cr_assert(hash_equal(&root, &s->checkpoint.root), "call %llu", (unsigned long long)call);
	if (r->signed_size == 0)
		return;
	/* Another history from the first leaf on finds no witness, at that size or a later one. */
	cr_assert_neq(kit_ask(&r->kit, &r->fork, held, held), 200);
	cr_assert_neq(kit_ask(&r->kit, &r->fork, held, held + 1), 200);
	cr_assert_neq(kit_ask(&r->kit, &r->fork, 0, held), 200);
}

static void crash_at(uint64_t call, enum fault_cut how, bool *ret_crashed)
{
	struct run r = { 0 };
	kit_init(&r.kit);
	kit_close(&r.kit);
	test_log_init(&r.log, "acme/log", 0, 0);
	test_log_init(&r.fork, "acme/log", 1, 0);
	fault_env_crash(r.kit.env, call);
	(void)work(&r);
	*ret_crashed = fault_env_crashed(r.kit.env);
	kit_close(&r.kit);
	fault_env_power_cut(r.kit.env, how, call);
	cr_assert_eq(kit_open(&r.kit), 0, "call %llu: %s", (unsigned long long)call, r.kit.error);
	check(&r, call);
	cr_assert(work(&r), "call %llu", (unsigned long long)call);
	cr_assert_eq(r.signed_size, 10);
	kit_close(&r.kit);
	fault_env_power_cut(r.kit.env, FAULT_CUT_DROP, call);
	cr_assert_eq(kit_open(&r.kit), 0, "%s", r.kit.error);
	check(&r, call);
	kit_done(&r.kit);
}

static void crash_everywhere(enum fault_cut how)
{
	bool crashed = true;
	uint64_t call = 1;
	for (; crashed; call++)
		crash_at(call, how, &crashed);
	cr_assert_gt(call, 20);
}

Test(witness_crash, the_process_is_killed)
{
	crash_everywhere(FAULT_CUT_KEEP);
}

Test(witness_crash, the_power_is_cut_and_nothing_unsynced_is_left)
{
	crash_everywhere(FAULT_CUT_DROP);
}

Test(witness_crash, the_power_is_cut_and_some_of_the_unsynced_is_left)
{
	crash_everywhere(FAULT_CUT_PREFIX);
	crash_everywhere(FAULT_CUT_RANDOM);
}

/* Each call of a run fails once, and the process goes on: the disk may say more than was signed, never less
 * or other. */
Test(witness_crash, any_call_that_fails_costs_one_answer_at_most)
{
	for (uint64_t call = 1; call < 60; call++) {
		struct run r = { 0 };
		kit_init(&r.kit);
		test_log_init(&r.log, "acme/log", 0, 0);
		test_log_init(&r.fork, "acme/log", 1, 0);
		fault_env_fail(r.kit.env, FAULT_ANY, call, -EIO);
		for (uint64_t size = 1; size < 12; size++)
			(void)go_on(&r, &r.log, size);
		cr_assert_geq(r.signed_size, 10);
		kit_close(&r.kit);
		fault_env_power_cut(r.kit.env, FAULT_CUT_DROP, call);
		cr_assert_eq(kit_open(&r.kit), 0, "call %llu: %s", (unsigned long long)call, r.kit.error);
		check(&r, call);
		kit_done(&r.kit);
	}
}

/* The first life of a witness: a crash leaves an empty state, or none, and then keygen has to be run again.
 */
Test(witness_crash, the_making_of_a_state_can_be_begun_again)
{
	bool crashed = true;
	for (uint64_t call = 1; crashed; call++) {
		cleanup_kit struct kit k;
		kit_new(&k);
		fault_env_crash(k.env, call);
		(void)!store_create(k.env, "store", &k.witness.key, k.error, sizeof(k.error));
		crashed = fault_env_crashed(k.env);
		fault_env_power_cut(k.env, FAULT_CUT_DROP, call);
		int r = store_create(k.env, "store", &k.witness.key, k.error, sizeof(k.error));
		cr_assert(r == 0 || r == -EEXIST, "%s", k.error);
		cr_assert_eq(kit_open(&k), 0, "%s", k.error);
	}
}

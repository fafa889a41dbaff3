/* A sink that was restored from an older copy: what it lacks is shipped again, or named. */
#include "tests/unit/sealer/world.h"

#include "evidence/generation.h"

/* So many batches with receipts, then the sink's disk is lost: its copy has the first `kept` commits. */
static void lose_the_sink(struct world *w, int batches, size_t kept, struct batch *ret_kept)
{
	const char *said;
	for (int i = 0; i < batches; i++) {
		event(w, KIND_OPEN, 0, 0);
		tick(w, 1100000);
		receipt_for_newest(w, 1, &said);
		cr_assert_null(said);
		if ((size_t)i + 1 == kept)
			cr_assert(newest(w, 1, ret_kept));
	}
	w->fleet.size = kept;
	cr_assert_eq(generation_key(&w->log_key, 2, &w->fleet.key.key), 0);
}

static void restart_keeping(struct world *w, uint64_t bytes)
{
	world_stop(w);
	w->keep = bytes;
	world_start(w);
}

Test(renewal, what_a_restored_sink_lacks_is_shipped_again)
{
	struct world w;
	struct batch kept;
	const char *said;
	uint32_t epoch;
	uint64_t first;
	world_init(&w);
	restart_keeping(&w, 1 << 20);
	lose_the_sink(&w, 6, 2, &kept);
	uint64_t size = kept.head.size;
	struct hash root = kept.head.root;
	conflict_for(&w, "size", 1, size, &root, &said);
	cr_assert_not_null(said);
	sealer_ship_from(w.sealer, &epoch, &first);
	cr_expect(epoch == 1 && first == size);
	cr_expect_eq(status_number(&w, "waiting_batches"), 4);
	cr_expect_eq(status_number(&w, "fleet_head"), 3, "the new generation's");
	cr_expect(fault_env_exists(w.env, "spool/generation-2-held"));
	cr_expect(fault_env_exists(w.env, "spool/generation-2-shown"));
	world_stop(&w);
	world_start(&w);
	cr_expect_eq(status_number(&w, "waiting_batches"), 4, "a restart knows it still");
	tick(&w, 20000);
	receipt_for_newest(&w, 1, &said);
	cr_expect_null(said);
	cr_expect_eq(status_number(&w, "waiting_batches"), 0);
	cr_expect_eq(status_number(&w, "epoch"), 1);
	world_done(&w);
}

Test(renewal, what_the_host_has_no_more_is_named_in_a_new_epoch)
{
	struct world w;
	struct batch kept;
	struct chain_result result;
	enum chain_verdict verdict;
	struct chain chain;
	const char *said;
	world_init(&w);
	lose_the_sink(&w, 6, 2, &kept);
	uint64_t size = kept.head.size;
	struct hash root = kept.head.root;
	cr_assert(newest(&w, 1, &kept));
	uint64_t receipted = kept.head.size;
	conflict_for(&w, "size", 1, size, &root, &said);
	cr_assert_not_null(said);
	tick(&w, 20000);
	cr_assert_eq(status_number(&w, "epoch"), 2);
	cr_assert(newest(&w, 2, &kept));
	cleanup_chain_scratch struct chain_scratch *scratch = NULL;
	cr_assert_eq(chain_scratch_new(&scratch), 0);
	chain_init(&chain, &kept.origin, &w.identity.key);
	cr_assert_eq(chain_check(&chain, &kept, CHAIN_SHALLOW, scratch, &verdict, &result), 0);
	cr_assert(verdict == CHAIN_OK && result.has_epoch);
	const struct epoch_start *e = &result.epoch;
	cr_expect_eq(e->cause, EPOCH_SINK_RESTORED);
	cr_expect(e->receipted.epoch == 1 && e->receipted.size == receipted);
	cr_assert_eq(e->abandoned_count, 1);
	cr_expect(e->abandoned[0].epoch == 1 && e->abandoned[0].first == size &&
	          e->abandoned[0].count == receipted - size);
	receipt_for_newest(&w, 2, &said);
	cr_expect_eq(status_number(&w, "waiting_batches"), 0);
	world_stop(&w);
	world_start(&w);
	cr_expect_eq(status_number(&w, "epoch"), 2);
	world_done(&w);
}

Test(renewal, an_older_generation_again_is_an_attack)
{
	struct world w;
	struct batch kept;
	const char *said;
	world_init(&w);
	restart_keeping(&w, 1 << 20);
	lose_the_sink(&w, 3, 2, &kept);
	uint64_t size = kept.head.size;
	struct hash root = kept.head.root;
	conflict_for(&w, "size", 1, size, &root, &said);
	w.fleet.key.key = w.log_key;
	receipt_for_newest(&w, 1, &said);
	cr_assert_not_null(said);
	cr_expect(fault_env_exists(w.env, "spool/inconsistent-0-shown"));
	cr_expect_geq(status_number(&w, "waiting_batches"), 1, "nothing is freed on it");
	world_done(&w);
}

/* A copy from before the host's first batch. */
static void conflict_of_nothing(struct world *w, const char **said)
{
	cleanup_buf struct buf note = { 0 }, b = { 0 };
	struct conflict c = { .reason = { (const uint8_t *)"size", 4 } };
	fleet_note(&w->fleet, w->fleet.size, 0, &note);
	c.log = (struct span){ note.data, note.len };
	conflict_put(&b, &c);
	cr_assert_eq(sealer_conflict(w->sealer, 1, 0, (struct span){ b.data, b.len }, said), 0);
}

Test(renewal, a_sink_that_lost_all_of_this_host_gets_all_again_or_a_new_epoch)
{
	for (int keeps = 0; keeps < 2; keeps++) {
		struct world w;
		struct batch kept;
		const char *said;
		uint32_t epoch;
		uint64_t first;
		world_init(&w);
		restart_keeping(&w, keeps ? 1 << 20 : 0);
		lose_the_sink(&w, 4, 1, &kept);
		conflict_of_nothing(&w, &said);
		tick(&w, 20000);
		sealer_ship_from(w.sealer, &epoch, &first);
		cr_expect(epoch == (keeps ? 1u : 2u) && first == 0, "%d: epoch %u", keeps, epoch);
		world_done(&w);
	}
}

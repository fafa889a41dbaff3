/* What a host that has joined with a token does at first. */
#include "tests/unit/sealer/world.h"

static struct world w;

static void setup(void)
{
	struct hash other = { { 9 } };
	struct buf receipt = { 0 };
	world_prepare(&w);
	for (uint64_t size = 1; size <= 3; size++)
		commit(&w.fleet, FLEET "/host/other/1", size, &other, 0, &receipt);
	fleet_note(&w.fleet, 3, 0, &w.first);
	buf_done(&receipt);
}

static void teardown(void)
{
	world_done(&w);
}

TestSuite(joined, .init = setup, .fini = teardown);

static void first_epoch_entry(struct buf *raw, struct epoch_start *ret)
{
	struct batch b;
	struct cursor c;
	struct span body;
	struct entry e;
	cr_assert(newest(&w, 1, &b));
	cr_assert_eq(batch_unpack(&b, raw), 0);
	cursor_init(&c, raw->data, raw->len);
	cr_assert(batch_next_body(&c, &body));
	cr_assert_eq(entry_parse_body(body, &e), 0);
	cr_assert_eq(epoch_parse(&e, ret), 0);
}

Test(joined, the_first_receipt_has_to_fit_the_checkpoint_of_the_token)
{
	const char *said;
	world_start(&w);
	cr_expect_eq(sealer_held(w.sealer), 3);
	tick(&w, 20000);
	receipt_for_newest(&w, 1, &said);
	cr_expect_null(said);
	cr_expect_eq(sealer_held(w.sealer), 4);
	world_stop(&w);
	world_start(&w);
	cr_expect_eq(sealer_held(w.sealer), 4, "from then on the receipt counts");
}

Test(joined, a_sink_that_shows_another_history_is_found_out_at_once)
{
	const char *said;
	world_start(&w);
	tick(&w, 20000);
	w.fleet.leaf[0].b[0] ^= 1;
	receipt_for_newest(&w, 1, &said);
	cr_expect_not_null(said);
	cr_expect_eq(sealer_held(w.sealer), 3);
	cr_expect(fault_env_exists(w.env, "spool/inconsistent-0-held"), "both notes are kept");
}

Test(joined, the_first_batch_names_the_token)
{
	struct hash token = { { 1, 2, 3 } };
	struct epoch_start start;
	cleanup_buf struct buf raw = { 0 };
	w.token = &token;
	world_start(&w);
	tick(&w, 20000);
	first_epoch_entry(&raw, &start);
	cr_expect(start.has_token && hash_equal(&start.token, &token));
}

Test(joined, without_a_token_none_is_named)
{
	struct epoch_start start;
	cleanup_buf struct buf raw = { 0 };
	world_start(&w);
	tick(&w, 20000);
	first_epoch_entry(&raw, &start);
	cr_expect_not(start.has_token);
}

/* What the sealer decides: events in, batches out, and what the sink's answers change. */
#include "tests/unit/sealer/world.h"

Test(sealer, seals_a_second_after_the_first_event_and_at_once_for_critical_ones)
{
	struct world w;
	world_init(&w);
	tick(&w, 20000); /* the start itself is critical */
	cr_assert_eq(status_number(&w, "batches"), 1);
	event(&w, KIND_OPEN, 0, 0);
	tick(&w, 900000);
	cr_assert_eq(status_number(&w, "batches"), 1);
	tick(&w, 200000);
	cr_assert_eq(status_number(&w, "batches"), 2);
	event(&w, KIND_AUDIT_LOGIN, 0, 0);
	tick(&w, 4000);
	cr_assert_eq(status_number(&w, "batches"), 2, "critical events are gathered for 5 ms");
	tick(&w, 2000);
	cr_assert_eq(status_number(&w, "batches"), 3);
	world_done(&w);
}

/* A critical event each 20 ms. */
static uint64_t seals_of_logins(struct world *w, unsigned seconds)
{
	uint64_t before = status_number(w, "batches");
	for (unsigned i = 0; i < seconds * 50; i++) {
		event(w, KIND_AUDIT_LOGIN, 0, 0);
		tick(w, 20000);
	}
	return status_number(w, "batches") - before;
}

Test(sealer, seals_a_burst_of_critical_events_at_once_and_ten_a_second_in_the_long_run)
{
	struct world w;
	world_init(&w);
	tick(&w, 10000000);
	uint64_t burst = seals_of_logins(&w, 1);
	cr_assert_leq(burst, 42);
	cr_assert_geq(burst, 38);
	seals_of_logins(&w, 2);
	uint64_t steady = seals_of_logins(&w, 10);
	cr_assert_leq(steady, 101);
	cr_assert_geq(steady, 80);
	world_done(&w);
}

Test(sealer, seals_a_heartbeat_when_nothing_else_happens)
{
	struct world w;
	world_init(&w);
	tick(&w, 20000);
	uint64_t size = status_number(&w, "size");
	cr_assert_gt(tick(&w, 5000000), 4000000);
	cr_assert_eq(status_number(&w, "batches"), 1);
	tick(&w, 5100000);
	cr_assert_eq(status_number(&w, "batches"), 2);
	cr_assert_eq(status_number(&w, "size"), size + 2, "a heartbeat and a seal");
	world_done(&w);
}

Test(sealer, seals_at_once_that_it_stood_still)
{
	struct world w;
	world_init(&w);
	tick(&w, 2000000);
	uint64_t size = status_number(&w, "size"), batches = status_number(&w, "batches");
	cr_assert_eq(sealer_stood_still(w.sealer, 10200000), 0);
	tick(&w, 20000);
	cr_assert_eq(status_number(&w, "batches"), batches + 1);
	cr_assert_eq(status_number(&w, "size"), size + 2, "the entry and a seal");
	world_done(&w);
}

Test(sealer, counts_what_it_gives_up_when_the_spool_is_full_and_declares_it)
{
	struct world w;
	world_init(&w);
	world_stop(&w);
	w.spool_max = 2000;
	world_start(&w);
	cr_assert_eq(sealer_collector_connected(w.sealer), 0);
	for (int i = 0; i < 40; i++) {
		event(&w, KIND_OPEN, 0, 0);
		tick(&w, 1100000);
	}
	uint64_t emitted = status_number(&w, "emitted"), stored = status_number(&w, "stored"),
	         lost = status_number(&w, "lost");
	cr_assert_eq(emitted, stored + lost);
	tick(&w, 10000000);
	stored = status_number(&w, "stored");
	lost = status_number(&w, "lost");
	cr_assert_gt(lost, 0);
	cr_assert_eq(stored + lost, 40);
	world_done(&w);
}

Test(sealer, frees_batches_only_after_a_receipt_that_proves_its_head)
{
	struct world w;
	const char *said;
	world_init(&w);
	for (int i = 0; i < 5; i++) {
		event(&w, KIND_OPEN, 0, 0);
		tick(&w, 1100000);
	}
	cr_assert_eq(status_number(&w, "spool_batches"), 5);
	receipt_for_newest(&w, 1, &said);
	cr_assert_null(said);
	cr_assert_eq(status_number(&w, "waiting_batches"), 0);
	cr_assert_eq(status_number(&w, "spool_batches"), 1, "the newest receipted batch stays");
	cr_assert_eq(sealer_held(w.sealer), 1);
	cr_assert(fault_env_exists(w.env, "spool/receipt"));
	world_stop(&w);
	world_start(&w);
	cr_assert_eq(sealer_held(w.sealer), 1, "the fleet head is held across a restart");
	cr_assert_eq(status_number(&w, "waiting_batches"), 0);
	world_done(&w);
}

static void set_keep(struct world *w, uint64_t bytes, uint64_t us)
{
	world_stop(w);
	w->keep = bytes;
	w->keep_us = us;
	world_start(w);
}

/* A batch a second, each with its receipt. */
static void ship_batches(struct world *w, int count)
{
	const char *said;
	for (int i = 0; i < count; i++) {
		event(w, KIND_OPEN, 0, 0);
		tick(w, 1100000);
		receipt_for_newest(w, 1, &said);
		cr_assert_null(said);
	}
}

Test(sealer, keeps_receipted_batches_for_a_time)
{
	struct world w;
	world_init(&w);
	set_keep(&w, 1 << 20, 16u * 1100000);
	ship_batches(&w, 10);
	cr_expect_eq(status_number(&w, "spool_batches"), 10);
	ship_batches(&w, 30);
	uint64_t kept = status_number(&w, "spool_batches");
	cr_expect(kept >= 16 && kept <= 20, "%llu", (unsigned long long)kept);
	world_done(&w);
}

Test(sealer, keeps_no_more_receipted_batches_than_fit_beside_what_waits)
{
	struct world w;
	world_init(&w);
	set_keep(&w, 1 << 20, UINT64_MAX);
	ship_batches(&w, 20);
	uint64_t all = status_number(&w, "spool_bytes");
	w.spool_max = all + all / 4;
	set_keep(&w, 1 << 20, UINT64_MAX);
	for (int i = 0; i < 15; i++) {
		event(&w, KIND_OPEN, 0, 0);
		tick(&w, 1100000);
		cr_expect_leq(status_number(&w, "spool_bytes"), w.spool_max + all / 10);
	}
	cr_expect_eq(status_number(&w, "lost"), 0, "new data was not given up for it");
	cr_expect_geq(status_number(&w, "waiting_batches"), 15);
	world_done(&w);
}

Test(sealer, gives_up_what_it_keeps_when_the_disk_is_full)
{
	struct world w;
	world_init(&w);
	set_keep(&w, 1 << 20, UINT64_MAX);
	ship_batches(&w, 20);
	uint64_t before = status_number(&w, "batches");
	fault_env_fail(w.env, FAULT_PWRITE, 2, -ENOSPC);
	event(&w, KIND_OPEN, 0, 0);
	tick(&w, 1100000);
	cr_expect_eq(status_number(&w, "batches"), before + 1, "sealed all the same");
	cr_expect_eq(status_number(&w, "spool_batches"), 2);
	cr_expect_eq(status_number(&w, "failed_seals"), 0);
	world_done(&w);
}

Test(sealer, refuses_a_receipt_for_a_head_that_it_did_not_sign)
{
	struct world w;
	const char *said;
	struct batch b;
	struct buf receipt = { 0 };
	world_init(&w);
	tick(&w, 20000);
	cr_assert(newest(&w, 1, &b));
	struct hash other = b.head.root;
	other.b[0] ^= 1;
	commit(&w.fleet, FLEET "/host/" HOST "/1", b.head.size, &other, 0, &receipt);
	cr_assert_eq(sealer_receipt(w.sealer, (struct span){ receipt.data, receipt.len }, &said), 0);
	cr_assert_not_null(said);
	cr_assert_eq(status_number(&w, "waiting_batches"), 1);
	cr_assert_eq(sealer_held(w.sealer), 0);
	buf_done(&receipt);
	world_done(&w);
}

Test(sealer, refuses_any_receipt_with_a_flipped_byte_but_takes_the_whole_one)
{
	struct world w;
	const char *said;
	struct batch b;
	struct buf receipt = { 0 };
	world_init(&w);
	tick(&w, 20000);
	cr_assert(newest(&w, 1, &b));
	commit(&w.fleet, FLEET "/host/" HOST "/1", b.head.size, &b.head.root, 0, &receipt);
	for (size_t i = 0; i < receipt.len; i++) {
		receipt.data[i] ^= 4;
		cr_assert_eq(sealer_receipt(w.sealer, (struct span){ receipt.data, receipt.len }, &said), 0);
		receipt.data[i] ^= 4;
		cr_assert_eq(sealer_held(w.sealer), 0, "byte %zu", i);
	}
	cr_assert_eq(sealer_receipt(w.sealer, (struct span){ receipt.data, receipt.len }, &said), 0);
	cr_assert_eq(sealer_held(w.sealer), 1);
	buf_done(&receipt);
	world_done(&w);
}

Test(sealer, sees_a_fleet_log_that_rewrites_its_history)
{
	struct world w;
	const char *said;
	world_init(&w);
	tick(&w, 20000);
	receipt_for_newest(&w, 1, &said);
	receipt_for_newest(&w, 1, &said);
	cr_assert_eq(sealer_held(w.sealer), 2);
	w.fleet.leaf[0].b[0] ^= 1;
	receipt_for_newest(&w, 1, &said);
	cr_assert_not_null(said);
	cr_assert_eq(sealer_held(w.sealer), 2);
	world_done(&w);
}

Test(sealer, begins_a_new_epoch_when_the_sink_proves_a_newer_history_of_this_host)
{
	struct world w;
	const char *said;
	struct hash root = { { 7 } };
	world_init(&w);
	tick(&w, 20000);
	conflict_for(&w, "size", 1, 900, &root, &said);
	cr_assert_not_null(said);
	tick(&w, 20000);
	cr_assert_eq(status_number(&w, "epoch"), 2);
	struct batch b;
	cr_assert(newest(&w, 2, &b));
	cr_assert_not(newest(&w, 1, &b), "what can't be shipped is set aside");
	cr_assert(fault_env_exists(w.env, "spool/0000000001-00000000000000000000.abandoned"));
	world_done(&w);
}

Test(sealer, goes_on_shipping_when_the_sink_only_lags)
{
	struct world w;
	const char *said;
	struct batch b;
	uint32_t epoch;
	uint64_t first;
	world_init(&w);
	tick(&w, 20000);
	cr_assert(newest(&w, 1, &b));
	uint64_t size = b.head.size;
	struct hash root = b.head.root;
	event(&w, KIND_OPEN, 0, 0);
	tick(&w, 1100000);
	conflict_for(&w, "size", 1, size, &root, &said);
	cr_assert_null(said);
	cr_assert_eq(status_number(&w, "epoch"), 1);
	sealer_ship_from(w.sealer, &epoch, &first);
	cr_assert_eq(epoch, 1);
	cr_assert_eq(first, size);
	world_done(&w);
}

Test(sealer, does_not_believe_a_conflict_without_proof)
{
	struct world w;
	const char *said;
	static const char bare[] =
	        "swornlog-conflict/v1\nreason size\nepoch 1\nsize 900\nnote 0\nreceipt 0\n";
	world_init(&w);
	tick(&w, 20000);
	cr_assert_eq(sealer_conflict(w.sealer, 1, 0, span_str(bare), &said), 0);
	cr_assert_not_null(said);
	cr_assert_eq(status_number(&w, "epoch"), 1);
	world_done(&w);
}

Test(sealer, does_not_begin_anew_because_somebody_says_that_the_sink_has_nothing)
{
	struct world w;
	const char *said;
	static const char nothing[] =
	        "swornlog-conflict/v1\nreason size\nepoch 0\nsize 0\nnote 0\nreceipt 0\n";
	struct span bytes = { (const uint8_t *)nothing, strlen(nothing) };
	world_init(&w);
	tick(&w, 20000);
	event(&w, KIND_OPEN, 0, 0);
	tick(&w, 1100000);
	receipt_for_newest(&w, 1, &said); /* the first batch is freed */
	event(&w, KIND_OPEN, 0, 0);
	tick(&w, 1100000);
	cr_assert_eq(sealer_conflict(w.sealer, 1, 0, bytes, &said), 0);
	cr_assert_not_null(said);
	cr_assert_eq(status_number(&w, "epoch"), 1);
	cr_assert_eq(status_number(&w, "waiting_batches"), 1);
	world_done(&w);
}

Test(sealer, does_not_spin_when_the_spool_takes_no_more)
{
	struct world w;
	world_init(&w);
	world_stop(&w);
	w.spool_max = 1;
	world_start(&w);
	for (int i = 0; i < 6000; i++) {
		event(&w, KIND_OPEN, 0, 0);
		tick(&w, 11000000);
	}
	cr_assert_gt(tick(&w, 11000000), 500000);
	world_done(&w);
}

Test(sealer, names_the_process_entry_of_an_event_by_its_leaf_index)
{
	struct world w;
	struct batch b;
	struct buf raw = { 0 };
	world_init(&w);
	tick(&w, 20000);
	uint64_t index = status_number(&w, "size");
	event(&w, KIND_EXEC, 0, 41);
	event(&w, KIND_OPEN, 41, 0);
	event(&w, KIND_EXIT, 41, 0);
	event(&w, KIND_OPEN, 41, 0);
	tick(&w, 1100000);
	cr_assert(newest(&w, 1, &b));
	cr_assert_eq(batch_unpack(&b, &raw), 0);
	struct cursor c;
	cursor_init(&c, raw.data, raw.len);
	/* What comes of a process after its end is still its own: it closes its files then. */
	uint64_t expected[] = { ENTRY_NO_PROCESS, index, index, index };
	for (size_t i = 0; i < 4; i++) {
		struct span body;
		struct entry e;
		cr_assert(batch_next_body(&c, &body));
		cr_assert_eq(entry_parse_body(body, &e), 0);
		cr_assert_eq(e.process, expected[i], "entry %zu", i);
	}
	buf_done(&raw);
	world_done(&w);
}

Test(sealer, says_so_when_the_collectors_account_differs_from_its_own)
{
	struct world w;
	static struct intake_frame f;
	world_init(&w);
	cr_assert_eq(sealer_collector_connected(w.sealer), 0);
	event(&w, KIND_OPEN, 0, 0);
	f = (struct intake_frame){ .type = INTAKE_COUNTS, .counts = { .emitted = 1, .sent = 1 } };
	cr_assert_eq(sealer_frame(w.sealer, &f), 0);
	tick(&w, 1100000);
	cr_assert_eq(status_number(&w, "lost"), 0);
	f.counts = (struct intake_counts){ .emitted = 3, .sent = 3 };
	cr_assert_eq(sealer_frame(w.sealer, &f), 0);
	tick(&w, 11000000);
	struct buf b = { 0 };
	sealer_put_status(w.sealer, &b);
	buf_put_u8(&b, 0);
	cr_assert(strstr((char *)b.data, "\"exactness\": \"unknown\""));
	buf_done(&b);
	world_done(&w);
}

static bool loss_is_unknown(struct world *w)
{
	struct buf b = { 0 };
	tick(w, 1100000);
	sealer_put_status(w->sealer, &b);
	buf_put_u8(&b, 0);
	bool unknown = strstr((char *)b.data, "\"exactness\": \"unknown\"");
	buf_done(&b);
	return unknown;
}

static void end_and_connect(struct world *w)
{
	cr_assert_eq(sealer_collector_connected(w->sealer), 0);
	event(w, KIND_OPEN, 0, 0);
	cr_assert_eq(sealer_collector_gone(w->sealer), 0);
	tick(w, 1100000);
	cr_assert_eq(sealer_collector_connected(w->sealer), 0);
	cr_assert_not(loss_is_unknown(w));
}

Test(sealer, does_not_know_what_was_lost_with_a_collector_unless_the_next_goes_on)
{
	struct world w;
	static const struct intake_frame resumed = { .type = INTAKE_RESUMED };
	world_init(&w);
	end_and_connect(&w);
	cr_assert_eq(sealer_frame(w.sealer, &resumed), 0);
	event(&w, KIND_OPEN, 0, 0);
	cr_assert_not(loss_is_unknown(&w));
	end_and_connect(&w);
	event(&w, KIND_OPEN, 0, 0);
	cr_assert(loss_is_unknown(&w));
	world_done(&w);
}

Test(sealer, waits_for_the_next_collector_half_a_minute)
{
	struct world w;
	world_init(&w);
	end_and_connect(&w);
	tick(&w, 25000000);
	cr_assert_not(loss_is_unknown(&w));
	tick(&w, 10000000);
	event(&w, KIND_OPEN, 0, 0);
	cr_assert(loss_is_unknown(&w));
	world_done(&w);
}

static const char *batch_path(uint32_t epoch, uint64_t first, const char *suffix)
{
	static char path[80];
	char name[SPOOL_NAME_MAX];
	spool_batch_name(epoch, first, suffix, name);
	snprintf(path, sizeof(path), "spool/%s", name);
	return path;
}

/* The indices at which the first batches begin. */
static void seal_batches(struct world *w, size_t n, uint64_t *ret_first)
{
	for (size_t i = 0; i < n; i++) {
		struct batch b;
		event(w, KIND_OPEN, 0, 0);
		tick(w, 1100000);
		cr_assert(newest(w, 1, &b));
		ret_first[i] = b.first;
	}
}

static void damage_and_restart(struct world *w, uint64_t first)
{
	world_stop(w);
	fault_env_put(w->env, batch_path(1, first, "batch"), "torn", 4);
	world_start(w);
	tick(w, 1100000);
}

Test(sealer, begins_a_new_epoch_behind_a_damaged_batch_and_still_ships_what_is_before_it)
{
	struct world w;
	uint64_t first[4], at;
	uint32_t epoch;
	struct batch b;
	world_init(&w);
	seal_batches(&w, 4, first);
	damage_and_restart(&w, first[2]);
	cr_assert_eq(status_number(&w, "epoch"), 2);
	cr_assert(fault_env_exists(w.env, batch_path(1, first[0], "batch")));
	cr_assert(fault_env_exists(w.env, batch_path(1, first[1], "batch")));
	cr_assert(fault_env_exists(w.env, batch_path(1, first[3], "abandoned")));
	sealer_ship_from(w.sealer, &epoch, &at);
	cr_assert_eq(epoch, 1);
	cr_assert_eq(at, 0);
	cr_assert(newest(&w, 2, &b));
	cr_assert_eq(b.first, 0);
	world_done(&w);
}

Test(sealer, names_the_damaged_and_the_abandoned_batches_in_the_new_epoch)
{
	struct world w;
	uint64_t first[3];
	struct batch b;
	struct cursor c;
	struct span body;
	struct entry e;
	struct epoch_start start;
	struct buf raw = { 0 };
	world_init(&w);
	seal_batches(&w, 3, first);
	cr_assert(newest(&w, 1, &b));
	uint64_t end = b.head.size;
	damage_and_restart(&w, first[1]);
	cr_assert(newest(&w, 2, &b));
	cr_assert_eq(batch_unpack(&b, &raw), 0);
	cursor_init(&c, raw.data, raw.len);
	cr_assert(batch_next_body(&c, &body));
	cr_assert_eq(entry_parse_body(body, &e), 0);
	cr_assert_eq(epoch_parse(&e, &start), 0);
	cr_assert_eq(start.cause, EPOCH_STATE_LOST);
	cr_assert_eq(start.predecessor.size, end);
	cr_assert_eq(start.abandoned_count, 1);
	cr_assert_eq(start.abandoned[0].epoch, 1);
	cr_assert_eq(start.abandoned[0].first, first[1]);
	cr_assert_eq(start.abandoned[0].count, end - first[1]);
	buf_done(&raw);
	world_done(&w);
}

Test(sealer, begins_a_new_epoch_when_the_first_or_the_newest_batch_is_damaged)
{
	for (int i = 0; i < 3; i += 2) {
		struct world w;
		uint64_t first[3];
		world_init(&w);
		seal_batches(&w, 3, first);
		damage_and_restart(&w, first[i]);
		cr_assert_eq(status_number(&w, "epoch"), 2);
		damage_and_restart(&w, 1000000);
		cr_assert_eq(status_number(&w, "epoch"), 2, "once is enough");
		world_done(&w);
	}
}

Test(sealer, goes_on_when_the_damaged_batch_has_its_receipt)
{
	struct world w;
	const char *said;
	uint64_t first[3];
	world_init(&w);
	seal_batches(&w, 2, first);
	receipt_for_newest(&w, 1, &said);
	seal_batches(&w, 1, first + 2);
	damage_and_restart(&w, first[1]);
	cr_assert_eq(status_number(&w, "epoch"), 1);
	world_done(&w);
}

Test(sealer, does_not_run_out_of_epochs_because_a_sink_claims_the_last_one)
{
	struct world w;
	const char *said;
	struct hash root = { { 7 } };
	world_init(&w);
	tick(&w, 20000);
	conflict_for(&w, "size", UINT32_MAX, 900, &root, &said);
	cr_assert_not_null(said);
	tick(&w, 1100000);
	cr_assert_eq(status_number(&w, "epoch"), 1);
	conflict_for(&w, "size", UINT32_MAX - 1, 900, &root, &said);
	tick(&w, 70000000);
	cr_assert_eq(status_number(&w, "epoch"), UINT32_MAX);
	conflict_for(&w, "size", 1, 900, &root, &said);
	tick(&w, 1100000);
	cr_assert_eq(status_number(&w, "epoch"), UINT32_MAX);
	world_stop(&w);
	world_start(&w);
	cr_assert_eq(status_number(&w, "epoch"), UINT32_MAX);
	world_done(&w);
}

/* Flip a bit of a batch's packed entries: it still parses. */
static void rot(struct world *w, uint64_t first)
{
	size_t len;
	const char *path = batch_path(1, first, "batch");
	const uint8_t *bytes = fault_env_content(w->env, path, &len);
	uint8_t *copy = malloc(len);
	struct batch b;
	cr_assert_not_null(copy);
	memcpy(copy, bytes, len);
	cr_assert_eq(batch_parse((struct span){ copy, len }, &b), (ssize_t)len);
	copy[b.packed.data - copy + (ptrdiff_t)b.packed.len / 2] ^= 1;
	fault_env_put(w->env, path, copy, len);
	free(copy);
}

Test(sealer, sets_aside_what_has_rotted_in_the_spool_when_the_sink_refuses_it)
{
	for (int receipted = 0; receipted < 3; receipted++) {
		struct world w;
		const char *said;
		uint64_t first[5], at;
		uint32_t epoch;
		world_init(&w);
		if (receipted == 2) { /* the spool begins at 0, else at a batch whose seal key is not known */
			world_stop(&w);
			w.keep = 1 << 20;
			world_start(&w);
		}
		seal_batches(&w, 2, first);
		if (receipted)
			receipt_for_newest(&w, 1, &said);
		seal_batches(&w, 3, first + 2);
		size_t row = receipted ? 2 : 0;
		cr_assert_eq(sealer_refused(w.sealer, 422, (struct span){ 0 }, &said), 0);
		cr_assert_eq(status_number(&w, "epoch"), 1, "all is as it was sealed: the sink is wrong");
		rot(&w, first[row]);
		cr_assert_eq(sealer_refused(w.sealer, 422, (struct span){ 0 }, &said), 0);
		cr_assert_eq(status_number(&w, "epoch"), 1, "not looked at twice within a minute");
		tick(&w, 61000000);
		cr_assert_eq(sealer_refused(w.sealer, 422, (struct span){ 0 }, &said), 0);
		cr_assert_eq(status_number(&w, "epoch"), 2);
		cr_assert_not_null(said);
		tick(&w, 1100000);
		cr_assert(fault_env_exists(w.env, batch_path(1, first[row], "abandoned")));
		sealer_ship_from(w.sealer, &epoch, &at);
		cr_assert_eq(epoch, 2);
		world_done(&w);
	}
}

Test(sealer, is_not_filled_with_alarms_by_a_shipper_that_was_taken_over)
{
	struct world w;
	const char *said;
	world_init(&w);
	tick(&w, 20000);
	uint64_t size = status_number(&w, "size");
	for (int i = 0; i < 1000; i++) {
		cr_assert_eq(sealer_refused(w.sealer, i % 2 ? 403 : 422, (struct span){ 0 }, &said), 0);
		tick(&w, 1000);
	}
	cr_assert_leq(status_number(&w, "size"), size + 8);
	world_done(&w);
}

Test(sealer, keeps_the_count_of_filtered_events_when_a_new_epoch_drops_what_is_pending)
{
	struct world w;
	const char *said;
	struct hash root = { { 7 } };
	struct intake_frame counts = { .type = INTAKE_COUNTS };
	world_init(&w);
	tick(&w, 20000);
	cr_assert_eq(sealer_collector_connected(w.sealer), 0);
	cr_assert_eq(sealer_frame(w.sealer, &counts), 0);
	counts.counts.filtered = counts.counts.emitted = 7;
	cr_assert_eq(sealer_frame(w.sealer, &counts), 0);
	conflict_for(&w, "size", 1, 900, &root, &said);
	cr_assert_eq(status_number(&w, "epoch"), 2);
	cr_assert_eq(status_number(&w, "filtered"), 7);
	world_done(&w);
}

Test(sealer, takes_an_event_from_any_time)
{
	struct world w;
	static const uint8_t map[] = { 0xa0 };
	static const uint64_t times[] = { 0, INT64_MAX, (uint64_t)INT64_MAX + 1, UINT64_MAX };
	world_init(&w);
	for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
		struct intake_frame f = {
			.type = INTAKE_EVENT,
			.event = { .kind = KIND_OPEN, .boot_us = times[i], .fields = { map, 1 } },
		};
		cr_assert_eq(sealer_frame(w.sealer, &f), 0);
	}
	tick(&w, 1100000);
	cr_assert_eq(status_number(&w, "stored"), 4);
	world_done(&w);
}

static void tell_rules(struct world *w, bool refused, const char *text)
{
	struct intake_frame f = { .type = INTAKE_RULES,
		                  .rules = { .refused = refused,
		                             .text = { (const uint8_t *)text, strlen(text) } } };
	sha256(text, strlen(text), &f.rules.digest);
	cr_assert_eq(sealer_frame(w->sealer, &f), 0);
}

Test(sealer, the_seals_hash_is_of_both_configurations_and_a_change_of_rules_is_an_entry)
{
	struct world w;
	struct hash before, after, want, parts[2] = { 0 };
	world_init(&w);
	event(&w, KIND_OPEN, 0, 0);
	tick(&w, 1100000);
	cr_assert_eq(agent_entries(&w, AGENT_CONFIG_CHANGED, &before), 0);
	sha256(parts, sizeof(parts), &want); /* the world's agent.yaml has a hash of zeros */
	cr_assert(hash_equal(&before, &want));

	tell_rules(&w, false, "kinds: {}");
	tick(&w, 1100000);
	cr_assert_eq(agent_entries(&w, AGENT_CONFIG_CHANGED, &after), 1);
	sha256("kinds: {}", 9, &parts[1]);
	sha256(parts, sizeof(parts), &want);
	cr_assert(hash_equal(&after, &want));

	tell_rules(&w, false, "kinds: {}");
	event(&w, KIND_OPEN, 0, 0);
	tick(&w, 1100000);
	cr_assert_eq(agent_entries(&w, AGENT_CONFIG_CHANGED, &after), 0, "no news");

	tell_rules(&w, true, "line 3: no");
	tick(&w, 1100000);
	cr_assert_eq(agent_entries(&w, AGENT_RULES_REFUSED, &after), 1);
	cr_assert(hash_equal(&after, &want));
	world_done(&w);
}

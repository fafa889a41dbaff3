/* What clocks and boots say, one rule at a time: each with a twin that stays quiet. */
#include "verify/timeline.h"

#include <criterion/criterion.h>
#include <stdio.h>

#include "tests/support/make_store.h"
#include "verify/store.h"

#define SECOND ((uint64_t)1000000)

struct fixture {
	struct make_store store;
	struct host_log host;
};

static void start(struct fixture *f)
{
	make_store_init(&f->store, NULL);
	make_store_host(&f->store, &f->host, "web", 1);
	make_store_enrol(&f->store, &f->host);
}

static void batch(struct fixture *f)
{
	f->host.fleet = make_store_head(&f->store);
	make_store_batch(&f->store, &f->host, &(struct host_log_batch){ .events = 2 });
}

static void commit(struct fixture *f)
{
	batch(f);
	make_store_commit(&f->store);
}

/* Both clocks of the host and the sink's. */
static void wait_for(struct fixture *f, uint64_t seconds)
{
	f->host.clock_us += seconds * SECOND;
	f->store.time_us += seconds * SECOND;
}

static struct report result(struct fixture *f)
{
	struct report r = { 0 };
	make_store_publish(&f->store);
	struct verify_options o = {
		.dirfd = f->store.dirfd,
		.anchor = { f->store.fleet.genesis_note.data, f->store.fleet.genesis_note.len },
		.jobs = 2,
	};
	cr_assert_eq(verify_store(&o, &r), 0);
	make_store_remove(&f->store);
	make_store_done(&f->store);
	return r;
}

/* Exactly these findings, all of one verdict, and nothing else. */
static struct finding expect(struct fixture *f, enum verdict v, uint64_t n)
{
	cleanup_report struct report r = result(f);
	for (size_t i = 0; i < r.findings.len; i++)
		fprintf(stderr, "%s: %s\n", verdict_name(r.findings.list[i].verdict),
		        r.findings.list[i].reason);
	cr_assert_eq(findings_total(&r.findings), n);
	cr_assert_eq(r.findings.count[v], n);
	return n ? r.findings.list[0] : (struct finding){ 0 };
}

Test(timeline, a_host_that_is_heard_every_half_minute_is_not_silent)
{
	struct fixture f;
	start(&f);
	for (int i = 0; i < 3; i++) {
		commit(&f);
		wait_for(&f, 28);
	}
	expect(&f, VERDICT_SILENT, 0);
}

Test(timeline, a_longer_gap_between_commits_is_silence_and_says_after_which_entry)
{
	struct fixture f;
	start(&f);
	commit(&f);
	uint64_t last = f.host.tree.size - 1;
	wait_for(&f, 40);
	commit(&f);
	struct finding found = expect(&f, VERDICT_SILENT, 1);
	cr_assert_eq(found.first, last);
	cr_assert_str_eq(found.origin, "acme/host/web/1");
	cr_assert_not(verdict_is_fault(VERDICT_SILENT));
}

Test(timeline, after_a_goodbye_nobody_waits)
{
	struct fixture f;
	start(&f);
	make_store_batch(&f.store, &f.host, &(struct host_log_batch){ .events = 2, .goodbye = true });
	make_store_commit(&f.store);
	wait_for(&f, 4000);
	commit(&f);
	expect(&f, VERDICT_SILENT, 0);
}

Test(timeline, a_goodbye_that_more_batches_followed_in_the_same_commit_is_none)
{
	struct fixture f;
	start(&f);
	make_store_batch(&f.store, &f.host, &(struct host_log_batch){ .events = 2, .goodbye = true });
	commit(&f);
	wait_for(&f, 4000);
	commit(&f);
	expect(&f, VERDICT_SILENT, 1);
}

Test(timeline, while_the_sink_was_away_nobody_could_be_heard)
{
	struct fixture f;
	start(&f);
	commit(&f);
	make_store_sink(&f.store, SINK_STOPPED, "");
	wait_for(&f, 4000);
	make_store_sink(&f.store, SINK_STARTED, "");
	wait_for(&f, 20);
	commit(&f);
	expect(&f, VERDICT_SILENT, 0);
}

Test(timeline, a_host_that_was_not_heard_again_is_silent)
{
	struct fixture f;
	start(&f);
	commit(&f);
	wait_for(&f, 40);
	make_store_sink(&f.store, SINK_HOST_SILENT, "web");
	expect(&f, VERDICT_SILENT, 1);
}

Test(timeline, silence_is_seen_from_one_file_to_the_next_and_from_one_epoch_to_the_next)
{
	struct fixture f;
	struct host_log again;
	start(&f);
	commit(&f);
	make_store_rotate(&f.store, true);
	wait_for(&f, 40);
	make_store_host(&f.store, &again, "web", 2);
	again.cause = EPOCH_STATE_LOST;
	again.clock_us = f.host.clock_us;
	f.host = again;
	commit(&f);
	cleanup_report struct report r = result(&f);
	cr_assert_eq(r.findings.count[VERDICT_SILENT], 1);
	cr_assert_eq(r.row[0].silences, 1);
}

Test(timeline, batches_in_a_row_that_come_late_are_one_finding)
{
	struct fixture f;
	start(&f);
	f.store.time_us = f.host.clock_us;
	commit(&f);
	uint64_t first = f.host.tree.size;
	f.store.time_us += 25 * SECOND;
	f.host.clock_us -= 300 * SECOND;
	f.host.booted_us -= 300 * SECOND;
	f.host.boot_id[0] = 1;
	for (int i = 0; i < 3; i++)
		batch(&f);
	make_store_commit(&f.store);
	uint64_t last = f.host.tree.size - 1;
	f.host.clock_us += 300 * SECOND;
	f.host.boot_id[0] = 2;
	commit(&f);
	struct finding found = expect(&f, VERDICT_LATE, 1);
	cr_assert_eq(found.first, first);
	cr_assert_eq(found.last, last);
	cr_assert(strstr(found.reason, "3 batches"));
}

Test(timeline, a_clock_ahead_of_the_sinks_is_told)
{
	struct fixture f;
	start(&f);
	commit(&f);
	uint64_t time_us = f.store.time_us;
	f.host.clock_us += 70 * SECOND;
	f.host.booted_us += 70 * SECOND;
	f.host.boot_id[0] = 1;
	batch(&f);
	f.store.time_us = time_us;
	make_store_commit(&f.store);
	expect(&f, VERDICT_CLOCK, 1);
}

Test(timeline, a_clock_that_is_set_within_a_boot_is_told_and_drift_is_not)
{
	struct fixture f;
	start(&f);
	commit(&f);
	f.host.booted_us += SECOND + 500; /* a second, and half a thousandth */
	f.host.clock_us += SECOND;
	commit(&f);
	f.host.booted_us -= 3 * SECOND;
	commit(&f);
	struct finding found = expect(&f, VERDICT_CLOCK, 1);
	cr_assert(strstr(found.reason, "back by 3 s"));
}

Test(timeline, the_sinks_own_clock_is_looked_at_too)
{
	struct fixture f;
	start(&f);
	commit(&f);
	f.store.time_us -= 20 * SECOND;
	make_store_sink(&f.store, SINK_STOPPED, "");
	expect(&f, VERDICT_CLOCK, 1);
}

Test(timeline, a_boot_clock_that_goes_back_is_a_machine_that_was_put_back)
{
	struct fixture f;
	start(&f);
	commit(&f);
	commit(&f);
	f.host.booted_us = f.host.clock_us - SECOND / 2;
	commit(&f);
	expect(&f, VERDICT_ROLLED_BACK, 1);
	cr_assert(verdict_is_fault(VERDICT_ROLLED_BACK));
}

Test(timeline, an_older_fleet_head_after_a_newer_one_is_a_roll_back)
{
	struct fixture f;
	start(&f);
	struct fleet_head old = make_store_head(&f.store);
	commit(&f);
	commit(&f);
	f.host.fleet = old;
	make_store_batch(&f.store, &f.host, &(struct host_log_batch){ .events = 2 });
	make_store_commit(&f.store);
	expect(&f, VERDICT_ROLLED_BACK, 1);
}

Test(timeline, a_boot_id_that_comes_back_is_a_second_machine)
{
	struct fixture f;
	start(&f);
	commit(&f);
	f.host.boot_id[0] = 1;
	commit(&f);
	commit(&f);
	f.host.boot_id[0] = 7;
	commit(&f);
	expect(&f, VERDICT_CLONED, 1);
	cr_assert(verdict_is_fault(VERDICT_CLONED));
}

Test(timeline, two_hosts_with_one_seal_key_or_seed_are_copies)
{
	struct fixture f;
	struct host_log copy;
	start(&f);
	make_store_host(&f.store, &copy, "web2", 1);
	make_store_enrol(&f.store, &copy);
	copy.seal = f.host.seal; /* the seed of a test's batch follows from the key */
	commit(&f);
	make_store_batch(&f.store, &copy, &(struct host_log_batch){ .events = 2 });
	make_store_commit(&f.store);
	struct finding found = expect(&f, VERDICT_CLONED, 2);
	cr_assert_str_eq(found.origin, "web2");
}

Test(timeline, one_identity_key_for_two_hosts_is_a_copy)
{
	struct fixture f;
	struct host_log copy;
	start(&f);
	make_store_host(&f.store, &copy, "web2", 1);
	copy.identity.secret = f.host.identity.secret;
	copy.identity.key.pub = f.host.identity.key.pub;
	cr_assert_eq(key_make(copy.identity.key.name, KEY_TYPE_ED25519, &f.host.identity.key.pub,
	                      &copy.identity.key),
	             0);
	make_store_enrol(&f.store, &copy);
	commit(&f);
	expect(&f, VERDICT_CLONED, 1);
}

Test(timeline, each_day_is_marked_with_what_became_of_it)
{
	struct fixture f;
	start(&f);
	f.host.clock_us = f.host.booted_us = 20785 * DAY_US + 1000;
	commit(&f);
	f.host.clock_us += DAY_US;
	struct loss lost = { .reason = LOSS_RING_FULL, .has_count = true, .count = 3 };
	make_store_batch(
	        &f.store, &f.host,
	        &(struct host_log_batch){ .events = 2, .losses = &lost, .loss_count = 1, .goodbye = true });
	make_store_commit(&f.store);
	f.host.clock_us += 2 * DAY_US;
	commit(&f);
	cleanup_report struct report r = result(&f);
	const struct days *d = &r.row[0].days;
	cr_assert_eq(d->len, 3);
	cr_assert_eq(d->day[0].number, 20785);
	cr_assert_eq(d->day[0].verdicts, 1u << VERDICT_SILENT);
	cr_assert_eq(d->day[1].verdicts, 1u << VERDICT_SILENT | 1u << VERDICT_LOSS, "%x of %u",
	             d->day[1].verdicts, d->day[1].number);
	cr_assert_eq(d->day[2].number, 20788);
	cr_assert_eq(d->day[2].verdicts, 0, "%x", d->day[2].verdicts);
	cr_assert_eq(d->day[0].entries + d->day[1].entries + d->day[2].entries, f.host.tree.size);
}

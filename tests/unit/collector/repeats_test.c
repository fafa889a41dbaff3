#include "collector/repeats.h"

#include <criterion/criterion.h>

static struct repeats *repeats;
static struct repeated told[8];
static size_t told_count;
static const struct process_key one = { 10, 1000 }, two = { 11, 1000 };

static void tell(void *context maybe_unused, const struct repeated *r)
{
	told[told_count++ % ARRAY_SIZE(told)] = *r;
}

static void setup(void)
{
	struct repeats_config config = { .interval_us = 100, .tell = tell };
	cr_assert_eq(repeats_new(&config, &repeats), 0);
}

static void teardown(void)
{
	repeats_free(repeats);
}

static bool take(struct process_key who, uint16_t kind, const char *fields, uint64_t at)
{
	struct intake_event e = { .kind = kind,
		                  .boot_us = at,
		                  .process = who.tgid,
		                  .fields = { (const uint8_t *)fields, strlen(fields) } };
	return repeats_take(repeats, who, &e);
}

TestSuite(repeats, .init = setup, .fini = teardown);

Test(repeats, only_what_is_the_same_in_everything_repeats)
{
	cr_expect_not(take(one, 46, "a", 1));
	cr_expect(take(one, 46, "a", 2));
	cr_expect_not(take(one, 46, "b", 3));
	cr_expect_not(take(one, 47, "a", 4));
	cr_expect_not(take(two, 46, "a", 5));
	cr_expect_eq(told_count, 0);
}

Test(repeats, an_interval_after_the_first_they_are_told_with_their_times)
{
	(void)!take(one, 46, "a", 1);
	(void)!take(one, 46, "a", 20);
	(void)!take(one, 46, "a", 30);
	repeats_tick(repeats, 100);
	cr_expect_eq(told_count, 0);
	cr_expect_eq(repeats_untold(repeats), 2);
	repeats_tick(repeats, 101);
	cr_assert_eq(told_count, 1);
	cr_expect_eq(repeats_untold(repeats), 0);
	cr_expect(told[0].count == 2 && told[0].first_us == 20 && told[0].last_us == 30 &&
	          told[0].process == 10);
	cr_expect(take(one, 46, "a", 150), "counting goes on");
	repeats_tick(repeats, 300);
	cr_expect(told_count == 2 && told[1].count == 1);
	repeats_tick(repeats, 500);
	cr_expect_not(take(one, 46, "a", 501), "forgotten");
	cr_expect_eq(told_count, 2);
}

Test(repeats, a_late_one_is_told_though_nobody_ticked)
{
	(void)!take(one, 46, "a", 1);
	(void)!take(one, 46, "a", 2);
	cr_expect_not(take(one, 46, "a", 101));
	cr_expect(told_count == 1 && told[0].count == 1);
}

Test(repeats, the_end_of_a_process_tells_what_it_did)
{
	(void)!take(one, 46, "a", 1);
	(void)!take(one, 46, "a", 2);
	(void)!take(two, 46, "a", 3);
	(void)!take(two, 46, "a", 4);
	repeats_end(repeats, one);
	cr_expect(told_count == 1 && told[0].actor.tgid == 10);
	repeats_flush(repeats);
	cr_expect(told_count == 2 && told[1].actor.tgid == 11);
}

Test(repeats, the_oldest_are_told_where_there_are_too_many)
{
	(void)!take(one, 46, "a", 1);
	(void)!take(one, 46, "a", 1);
	for (uint32_t i = 0; i < REPEATS_MAX; i++)
		cr_assert_not(take((struct process_key){ 100 + i, 1 }, 46, "a", 2));
	cr_expect(told_count == 1 && told[0].actor.tgid == 10);
}

Test(repeats, numbers_of_processes_can_be_forgotten)
{
	(void)!take(one, 46, "a", 1);
	(void)!take(one, 46, "a", 2);
	repeats_undescribe(repeats);
	repeats_flush(repeats);
	cr_expect(told_count == 1 && told[0].process == INTAKE_NO_PROCESS);
}

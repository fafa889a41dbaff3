#include "witness/clock.h"

#include <criterion/criterion.h>

#define S     1000000ull
#define NOW_S 1795507200ull

static uint64_t wall, boot;

static uint64_t wall_us(const struct env *env maybe_unused)
{
	return wall;
}

static uint64_t boot_us(const struct env *env maybe_unused)
{
	return boot;
}

static const struct env clocks = { .wall_us = wall_us, .boot_us = boot_us };

static void begin(struct clock *c, uint64_t now_s)
{
	wall = now_s * S;
	boot = 77 * S;
	clock_init(c, &clocks);
}

static uint64_t now(struct clock *c, uint64_t newest_s)
{
	uint64_t s = 0;
	const char *words;
	int r = clock_now(c, newest_s, &s, &words);
	cr_assert_eq(r == 0, words == NULL);
	cr_assert_eq(r == 0, s != 0);
	return s;
}

Test(clock, a_sound_one_says_the_time_in_seconds)
{
	struct clock c;
	begin(&c, NOW_S);
	wall += 1900000;
	boot += 1900000;
	cr_expect_eq(now(&c, 0), NOW_S + 1);
	cr_expect_eq(now(&c, NOW_S + 1), NOW_S + 1);
}

Test(clock, time_never_goes_back_and_a_little_is_waited_out)
{
	struct clock c;
	begin(&c, NOW_S);
	cr_expect_eq(now(&c, NOW_S + 60), NOW_S + 60);
	cr_expect_eq(now(&c, NOW_S + 61), 0);
}

Test(clock, years_behind_is_wrong)
{
	struct clock c;
	begin(&c, 1767225599);
	cr_expect_eq(now(&c, 0), 0);
	begin(&c, 1767225600);
	cr_expect_eq(now(&c, 0), 1767225600);
}

Test(clock, a_leap_ahead_is_wrong_but_a_long_sleep_is_not)
{
	struct clock c;
	begin(&c, NOW_S);
	wall += 86400 * S;
	boot += 86400 * S;
	cr_expect_eq(now(&c, 0), NOW_S + 86400);
	wall += 3600 * S;
	cr_expect_eq(now(&c, 0), NOW_S + 90000);
	wall += 3600 * S + 1;
	cr_expect_eq(now(&c, 0), 0);
	cr_expect_eq(now(&c, 0), 0, "and stays so");
	clock_init(&c, &clocks);
	cr_expect_eq(now(&c, 0), NOW_S + 93600);
}

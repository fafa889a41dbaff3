#include "lib/backoff.h"

#include <criterion/criterion.h>

static struct backoff b;

static void setup(void)
{
	backoff_init(&b, 1000, 8000, 42);
}

TestSuite(backoff, .init = setup);

static void within(uint64_t low, uint64_t high)
{
	uint64_t got = backoff_next(&b, 0);
	cr_expect(got >= low && got <= high, "%ju not in %ju to %ju", (uintmax_t)got, (uintmax_t)low,
	          (uintmax_t)high);
}

Test(backoff, the_delay_doubles_up_to_its_bound)
{
	within(500, 1000);
	within(1000, 2000);
	within(2000, 4000);
	within(4000, 8000);
	within(4000, 8000);
	for (int i = 0; i < 1000; i++)
		within(4000, 8000);
}

Test(backoff, success_begins_anew)
{
	within(500, 1000);
	within(1000, 2000);
	backoff_reset(&b);
	within(500, 1000);
}

Test(backoff, what_the_other_side_asks_for_is_kept_and_spread)
{
	uint64_t got = backoff_next(&b, 60000);
	cr_expect(got >= 60000 && got <= 60500, "%ju", (uintmax_t)got);
}

Test(backoff, hosts_do_not_come_back_in_step)
{
	unsigned quarter[4] = { 0 };
	for (uint64_t seed = 0; seed < 1000; seed++) {
		backoff_init(&b, 4000, 4000, seed);
		uint64_t got = backoff_next(&b, 0);
		cr_assert(got >= 2000 && got <= 4000);
		quarter[MIN((got - 2000) / 500, (uint64_t)3)]++;
	}
	for (int i = 0; i < 4; i++)
		cr_expect(quarter[i] > 200 && quarter[i] < 300, "%u in quarter %d", quarter[i], i);
}

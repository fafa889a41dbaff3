#include "collector/throttle.h"

#include <criterion/criterion.h>

#include "records.h"

static struct {
	uint8_t fields[64];
	size_t len;
} told[8];
static size_t told_count;
static struct throttle_watch *w;
static const struct throttle limits = { .rate = 100, .burst = 200 };

static bool put(void *context maybe_unused, const struct intake_event *e)
{
	cr_assert(e->kind == KIND_THROTTLE && e->process == INTAKE_NO_PROCESS);
	cr_assert_leq(e->fields.len, sizeof(told[0].fields));
	told[told_count].len = e->fields.len;
	memcpy(told[told_count++].fields, e->fields.data, e->fields.len);
	return true;
}

static void setup(void)
{
	struct event_sink sink = { .put = put };
	cr_assert_eq(throttle_watch_new(&sink, &w), 0);
}

static void teardown(void)
{
	throttle_watch_free(w);
}

static struct span fields(size_t i)
{
	cr_assert_lt(i, told_count);
	return (struct span){ told[i].fields, told[i].len };
}

static void look(uint64_t cgroup, uint64_t left_out, uint64_t at_s)
{
	throttle_watch_see(w, cgroup, left_out, at_s * 1000000);
	throttle_watch_settle(w, &limits, at_s * 1000000);
}

TestSuite(throttle, .init = setup, .fini = teardown);

Test(throttle, the_start_and_the_stop_are_told_with_what_was_left_out_between)
{
	throttle_watch_settle(w, &limits, 0);
	look(7, 10, 1);
	cr_assert_eq(told_count, 1);
	cr_expect(field_int(fields(0), THROTTLE_WHAT, THROTTLE_STARTED));
	cr_expect(field_int(fields(0), THROTTLE_CGROUP, 7));
	cr_expect(field_int(fields(0), THROTTLE_RATE, 100));
	cr_expect(field_absent(fields(0), THROTTLE_COUNT));
	look(7, 50, 2);
	look(7, 50, 6);
	cr_expect_eq(told_count, 1, "not quiet for long enough");
	look(7, 50, 7);
	cr_assert_eq(told_count, 2);
	cr_expect(field_int(fields(1), THROTTLE_WHAT, THROTTLE_STOPPED));
	cr_expect(field_int(fields(1), THROTTLE_COUNT, 50));
	cr_expect(field_int(fields(1), THROTTLE_SINCE, 1000000));
	look(7, 53, 20);
	look(7, 53, 25);
	cr_assert_eq(told_count, 4);
	cr_expect(field_int(fields(3), THROTTLE_COUNT, 3));
}

Test(throttle, what_the_collector_before_has_told_is_not_told_again)
{
	look(7, 500, 1);
	cr_expect_eq(told_count, 0);
	look(7, 501, 2);
	cr_assert_eq(told_count, 1);
	throttle_watch_flush(w, &limits, 3000000);
	cr_assert_eq(told_count, 2);
	cr_expect(field_int(fields(1), THROTTLE_COUNT, 1));
}

Test(throttle, a_cgroup_that_the_kernel_forgot_begins_anew)
{
	throttle_watch_settle(w, &limits, 0);
	look(7, 500, 1);
	look(7, 2, 2);
	throttle_watch_flush(w, &limits, 3000000);
	cr_assert_eq(told_count, 2);
	cr_expect(field_int(fields(1), THROTTLE_COUNT, 2));
}

static int parse(const char *text, struct throttle *t, char error[256])
{
	struct yaml_errors errors = { "c", error, 256 };
	struct yaml_tree *tree;
	cr_assert_eq(yaml_tree_parse(span_str(text), &errors, &tree), 0);
	int r = throttle_parse(&errors, yaml_tree_root(tree), t);
	yaml_tree_free(tree);
	return r;
}

Test(throttle, a_rate_is_read_and_the_burst_is_a_seconds_worth_by_default)
{
	struct throttle t;
	char error[256];
	cr_assert_eq(parse("events_per_second: 500\n", &t, error), 0);
	cr_expect(t.rate == 500 && t.burst == 500);
	cr_assert_eq(parse("events_per_second: 500\nburst: 9000\n", &t, error), 0);
	cr_expect_eq(t.burst, 9000);
	cr_expect_eq(parse("burst: 9000\n", &t, error), -EINVAL);
	cr_expect_eq(parse("events_per_second: 0\n", &t, error), -EINVAL);
}

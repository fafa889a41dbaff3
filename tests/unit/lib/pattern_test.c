#include "lib/pattern.h"

#include <criterion/criterion.h>

static char why[256];

static struct pattern *compile(const char *text)
{
	struct pattern *p = NULL;
	cr_assert_eq(pattern_new(text, &p, why, sizeof(why)), 0, "%s", why);
	return p;
}

static enum pattern_outcome find(const char *pattern, const char *text, size_t from, bool cut,
                                 struct pattern_match *ret)
{
	struct pattern *p = compile(pattern);
	enum pattern_outcome o = pattern_find(p, span_str(text), from, cut, ret);
	pattern_free(p);
	return o;
}

Test(pattern, tells_the_match_and_the_groups_that_took_part)
{
	struct pattern_match m;
	cr_assert_eq(find("a(b)|c(d)", "xxcd", 0, false, &m), PATTERN_FOUND);
	cr_expect_eq(m.start, 2);
	cr_expect_eq(m.end, 4);
	cr_assert_eq(m.count, 1);
	cr_expect_eq(m.group[0].start, 3);
	cr_expect_eq(m.group[0].end, 4);
	cr_expect_eq(find("a", "ab", 1, false, &m), PATTERN_NONE);
	cr_expect_eq(find("^$", "", 0, false, &m), PATTERN_FOUND);
}

Test(pattern, takes_bytes_that_are_no_text)
{
	struct pattern_match m;
	cr_assert_eq(find("\\xff.", "a\xff\xfe", 0, false, &m), PATTERN_FOUND);
	cr_expect_eq(m.start, 1);
}

Test(pattern, tells_of_a_match_that_the_end_cuts)
{
	struct pattern_match m;
	cr_assert_eq(find("ab{4}", "xxabb", 0, true, &m), PATTERN_CUT);
	cr_expect_eq(m.start, 2);
	cr_expect_eq(m.end, 5);
	cr_expect_eq(find("ab{4}", "xxabb", 0, false, &m), PATTERN_NONE);
	cr_expect_eq(find("ab{4}", "xxabc", 0, true, &m), PATTERN_NONE);
}

Test(pattern, gives_up_on_what_takes_too_long)
{
	struct pattern_match m;
	cr_expect_eq(
	        find("(?:a|aa)+$", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", 0, false, &m),
	        PATTERN_LIMIT);
}

Test(pattern, refuses_what_is_no_pattern_or_asks_for_more_than_bytes)
{
	static const char *const bad[] = { "(", "a{2,1}", "[z-a]", "(*UTF)a", "(*UCP)a", "(?1)" };
	struct pattern *p = NULL;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		why[0] = '\0';
		cr_expect_eq(pattern_new(bad[i], &p, why, sizeof(why)), -EINVAL, "%s", bad[i]);
		cr_expect(why[0]);
	}
	char *long_text = malloc(PATTERN_MAX_BYTES + 2);
	memset(long_text, 'a', PATTERN_MAX_BYTES + 1);
	long_text[PATTERN_MAX_BYTES + 1] = '\0';
	cr_expect_eq(pattern_new(long_text, &p, why, sizeof(why)), -EINVAL);
	free(long_text);
	cr_expect_null(p);
}

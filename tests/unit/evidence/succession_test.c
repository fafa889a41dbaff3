#include "evidence/succession.h"

#include <criterion/criterion.h>

#include "tests/support/bytes.h"
#include "tests/support/statements.h"

#define HEAD "swornlog-statement/v1\n"
#define TIME "fleet acme\ntime 2026-11-24T08:00:00Z\n"

static struct genesis fleet(const char *more)
{
	cleanup_buf struct buf text = { 0 }, note = { 0 };
	struct genesis g;
	buf_printf(&text, HEAD "genesis\n" TIME "log $L\nadmin $A\nauditor $O\nneed enrol 1 1\n%s", more);
	buf_put_u8(&text, 0);
	test_statement(&note, (const char *)text.data, "AO");
	cr_assert_eq(genesis_parse(buf_span(&note), &g), 0);
	return g;
}

static void add(struct buf *parts, const char *lines, const char *by)
{
	cleanup_buf struct buf text = { 0 }, note = { 0 };
	buf_printf(&text, HEAD "log-key\n" TIME "%soverlap 60\n", lines);
	buf_put_u8(&text, 0);
	test_statement(&note, (const char *)text.data, by);
	succession_put(parts, buf_span(&note));
}

static bool ends_with(const struct genesis *g, const struct buf *parts, char letter, size_t count)
{
	struct succession s;
	struct signer want;
	test_cast(letter, &want);
	return succession_follow(g, buf_span(parts), &s) == 0 && key_equal(&s.log, &want.key) &&
	       s.count == count;
}

Test(succession, each_key_was_prepared_by_the_one_before_it)
{
	struct genesis g = fleet("next-log-key #M\n"), none = fleet("");
	cleanup_buf struct buf parts = { 0 };
	cr_expect(ends_with(&g, &parts, 'L', 0));
	add(&parts, "log $M\nnext #N\n", "AO");
	cr_expect(ends_with(&g, &parts, 'M', 1));
	cr_expect_not(ends_with(&none, &parts, 'M', 1), "nothing was prepared");
	add(&parts, "log $N\nnext #L\n", "AO");
	cr_expect(ends_with(&g, &parts, 'N', 2));
}

Test(succession, what_does_not_follow_is_refused)
{
	static const struct {
		const char *lines, *by;
	} wrong[] = { { "log $N\nnext #M\n", "AO" },
		      { "log $M\nnext #N\n", "A" },
		      { "log $M\nnext #N\n", "L" } };
	struct genesis g = fleet("next-log-key #M\n");
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		cleanup_buf struct buf parts = { 0 };
		struct succession s;
		add(&parts, wrong[i].lines, wrong[i].by);
		cr_expect_eq(succession_follow(&g, buf_span(&parts), &s), -EBADMSG, "case %zu", i);
	}
	cleanup_buf struct buf twice = { 0 };
	add(&twice, "log $M\nnext #N\n", "AO");
	add(&twice, "log $M\nnext #N\n", "AO");
	cr_expect_not(ends_with(&g, &twice, 'M', 2));
	struct succession s;
	cr_expect_eq(succession_follow(&g, TEXT("log-key 3\nabc"), &s), -EBADMSG);
	cr_expect_eq(succession_follow(&g, TEXT("log-key 99999\nabc"), &s), -EBADMSG);
	cr_expect_eq(succession_follow(&g, TEXT("junk"), &s), -EBADMSG);
}

Test(succession, parts_are_taken_from_a_text_as_they_stand)
{
	cleanup_buf struct buf text = { 0 };
	add(&text, "log $M\nnext #N\n", "AO");
	size_t one = text.len;
	buf_put_str(&text, "witnessed 0\n\n");
	struct cursor c;
	cursor_init(&c, text.data, text.len);
	cr_expect_eq(succession_get(&c).len, one);
	cr_expect_eq(cursor_left(&c), text.len - one);
	cleanup_buf struct buf many = { 0 };
	for (size_t i = 0; i <= SUCCESSION_MAX; i++)
		buf_put_str(&many, "log-key 0\n");
	cursor_init(&c, many.data, many.len);
	cr_expect_eq(succession_get(&c).len, 0);
	cr_expect_eq(c.err, -EBADMSG);
}

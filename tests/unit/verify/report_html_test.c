#include "verify/report_html.h"

#include <criterion/criterion.h>
#include <stdio.h>

#include "tests/support/bytes.h"

#define DAY0 20781 /* 2026-11-24 */

static bool has(const struct buf *b, const char *s)
{
	return memmem(b->data, b->len, s, strlen(s)) != NULL;
}

static size_t count(const struct buf *b, const char *s)
{
	size_t n = 0;
	const uint8_t *at = b->data, *end = b->data + b->len;
	while ((at = memmem(at, (size_t)(end - at), s, strlen(s)))) {
		n++;
		at += strlen(s);
	}
	return n;
}

/* Two hosts; the first has three days and a hole, the second nothing. */
static void make(struct report *r)
{
	*r = (struct report){ .fleet = "acme", .row_count = 2 };
	r->row = calloc(2, sizeof(*r->row));
	snprintf(r->row[0].label, sizeof(r->row[0].label), "db");
	snprintf(r->row[1].label, sizeof(r->row[1].label), "web");
	struct days *d = &r->row[0].days;
	for (uint64_t i = 0; i < 4; i++) {
		if (i == 2)
			continue;
		cr_assert_eq(days_turn(d, (DAY0 + i) * DAY_US + 5), 0);
		days_today(d)->entries = 10 + i;
	}
	d->day[1].verdicts = 1u << VERDICT_MISSING | 1u << VERDICT_SILENT;
	d->day[2].verdicts = 1u << VERDICT_LOSS | 1u << VERDICT_LATE | 1u << VERDICT_CLOCK;
	d->day[2].new_key = true;
}

static void page(const struct report *r, const char *path, struct buf *b)
{
	report_html_begin(b, "title <x>");
	report_html_put(b, r, path, 0);
	report_html_end(b);
	cr_assert_eq(buf_err(b), 0);
}

Test(report_html, the_picture_has_a_cell_with_words_for_each_host_and_day)
{
	cleanup_report struct report r;
	cleanup_buf struct buf b = { 0 };
	make(&r);
	page(&r, "store", &b);
	cr_assert_eq(count(&b, "<td class=\"ok\" title=\"verified; 10 entries\">"), 1);
	cr_assert_eq(count(&b, "<td class=\"bad\" title=\"missing, silent; 11 entries\">"), 1);
	cr_assert_eq(count(&b, "<td class=\"look\" title=\"loss, late, clock, key change; 13 entries\">"), 1);
	cr_assert_eq(count(&b, "<td class=\"none\" title=\"no entries; 0 entries\">"), 5);
	cr_assert_eq(count(&b, "\xe2\x9c\x97S</span><span class=\"w\">missing, silent; 11 entries</span>"),
	             1);
	cr_assert_eq(count(&b, ">LTCK</span>"), 1);
	for (int i = 24; i < 28; i++) {
		char heading[64];
		snprintf(heading, sizeof(heading), "<th scope=\"col\">2026-11-%d</th>", i);
		cr_assert(has(&b, heading));
	}
	cr_assert_lt(memmem(b.data, b.len, "class=\"days\"", 12), memmem(b.data, b.len, ">Hosts<", 7));
}

Test(report_html, nothing_is_fetched_and_nothing_runs)
{
	cleanup_report struct report r;
	cleanup_buf struct buf b = { 0 };
	make(&r);
	page(&r, "store", &b);
	static const char *const never[] = { "<script", "<link",  "<img",    "<iframe",
		                             "http:",   "https:", "@import", "url(" };
	for (size_t i = 0; i < ARRAY_SIZE(never); i++)
		cr_assert_not(has(&b, never[i]), "%s", never[i]);
	cr_assert(has(&b, "content=\"default-src 'none'; style-src 'unsafe-inline'\""));
}

Test(report_html, words_from_outside_can_not_be_markup)
{
	static const char hostile[] = "<b>\"'&\x01\xff</td>";
	static const char escaped[] = "&#60;b&#62;&#34;&#39;&#38;\\x01\\xff&#60;/td&#62;";
	cleanup_report struct report r;
	cleanup_buf struct buf b = { 0 };
	make(&r);
	find(&r.findings, VERDICT_ALTERED, &(struct place){ .file = hostile, .origin = hostile }, "reason %s",
	     hostile);
	snprintf(r.row[0].label, sizeof(r.row[0].label), "%s", hostile);
	snprintf(r.witnessed.names, sizeof(r.witnessed.names), "%s", hostile);
	r.witnessed.signers = 1;
	page(&r, hostile, &b);
	report_html_put_file(&b, hostile, 2, hostile);
	cr_assert_not(has(&b, "<b>"));
	cr_assert_null(memchr(b.data, 0x01, b.len));
	cr_assert_null(memchr(b.data, 0xff, b.len));
	/* heading, two rows of labels, names, log, file, reason, and the file's two */
	cr_assert_eq(count(&b, escaped), 9);
	cr_assert(has(&b, "<title>title &#60;x&#62;</title>"));
}

Test(report_html, only_the_newest_days_are_drawn)
{
	cleanup_report struct report r;
	cleanup_buf struct buf b = { 0 };
	make(&r);
	cr_assert_eq(days_turn(&r.row[1].days, (DAY0 - 4000) * DAY_US), 0);
	page(&r, "store", &b);
	cr_assert_eq(count(&b, "<th scope=\"col\">2026-"), HTML_DAYS_MAX);
	cr_assert(has(&b, "the newest 92 days"));
}

Test(report_html, a_clock_at_the_end_of_time_draws_one_page)
{
	cleanup_report struct report r;
	cleanup_buf struct buf b = { 0 };
	make(&r);
	cr_assert_eq(days_turn(&r.row[1].days, UINT64_MAX), 0);
	page(&r, "store", &b);
	cr_assert_lt(b.len, 1u << 20);
}

Test(days, are_kept_in_order_and_today_is_what_was_turned_to)
{
	struct days d = { 0 };
	cr_assert_null(days_today(&d));
	cr_assert_eq(days_turn(&d, 9 * DAY_US), 0);
	cr_assert_eq(days_turn(&d, 7 * DAY_US), 0);
	cr_assert_eq(days_turn(&d, 9 * DAY_US + 1), 0);
	cr_assert_eq(d.len, 2);
	cr_assert_eq(days_today(&d)->number, 9);
	cr_assert_eq(days_mark(&d, 7 * DAY_US, 10 * DAY_US, 1), 0);
	cr_assert_eq(d.len, 4);
	for (size_t i = 0; i < d.len; i++) {
		cr_assert_eq(d.day[i].number, 7 + i);
		cr_assert_eq(d.day[i].verdicts, 1);
	}
	cr_assert_null(days_today(&d));
	days_done(&d);
}

Test(days, are_bounded)
{
	struct days d = { 0 };
	for (uint64_t i = 0; i < DAYS_KEPT + 9; i++)
		cr_assert_eq(days_turn(&d, i * DAY_US), 0);
	cr_assert_eq(d.len, DAYS_KEPT);
	cr_assert_null(days_today(&d));
	cr_assert_eq(days_mark(&d, 0, UINT64_MAX, 1), 0);
	cr_assert_eq(d.len, DAYS_KEPT);
	days_done(&d);
}

#include "verify/report.h"

#include <criterion/criterion.h>

static void verdict_is(const struct report *r, const char *expected)
{
	cleanup_buf struct buf b = { 0 };
	report_put_verdict(&b, r);
	buf_put_u8(&b, 0);
	cr_assert_str_eq((const char *)b.data, expected);
}

Test(report, the_verdict_line_never_says_just_verified)
{
	struct report r = { .unwitnessed = true };
	verdict_is(&r, "verified; no witness");
	r.same_machine = true;
	r.findings.count[VERDICT_LOSS] = 2;
	r.findings.count[VERDICT_REMARK] = 1;
	cr_assert(report_clean(&r));
	verdict_is(&r, "verified; declared: 2 loss; sink on the same machine; no witness");
	r.findings.count[VERDICT_ALTERED] = 1;
	r.findings.count[VERDICT_MISSING] = 3;
	cr_assert_not(report_clean(&r));
	verdict_is(
	        &r,
	        "NOT verified: 1 altered, 3 missing; declared: 2 loss; sink on the same machine; no witness");
}

Test(report, a_spool_says_what_waits_for_a_receipt)
{
	struct report r = { .spool = true, .unwitnessed = true };
	verdict_is(&r, "verified; an empty spool; no witness");
	r.unreceipted_batches = 3;
	verdict_is(&r, "verified; a spool, 3 batches not receipted yet; no witness");
	r.unreceipted_batches = 0;
	r.receipted_size = 9;
	verdict_is(&r, "verified; a spool, all receipted; no witness");
}

Test(report, a_hostile_file_name_can_not_steer_the_terminal)
{
	cleanup_report struct report r = { .unwitnessed = true };
	cleanup_buf struct buf text = { 0 }, json = { 0 };
	find(&r.findings, VERDICT_ALTERED, &(struct place){ .file = "journal/\033[2J\n\xff" },
	     "not a file of a store");
	report_put_text(&text, &r, false);
	report_put_json(&json, &r);
	cr_assert_null(memchr(text.data, 033, text.len));
	cr_assert_not_null(memmem(text.data, text.len, "journal/\\x1b[2J\\n\\xff", 20));
	cr_assert_null(memchr(json.data, 033, json.len));
	cr_assert_null(memchr(json.data, 0xff, json.len));
}

Test(report, findings_beyond_the_bound_are_counted)
{
	cleanup_findings struct findings f = { 0 };
	for (int i = 0; i < FINDINGS_LISTED + 7; i++)
		find(&f, VERDICT_MISSING, &(struct place){ 0 }, "number %d", i);
	cr_assert_eq(f.len, FINDINGS_LISTED);
	cr_assert_eq(f.count[VERDICT_MISSING], FINDINGS_LISTED + 7);
	cr_assert_eq(findings_total(&f), FINDINGS_LISTED + 7);
}

Test(report, lists_are_merged_by_order_and_an_earlier_list_comes_first)
{
	cleanup_findings struct findings a = { 0 }, b = { 0 }, all = { 0 };
	static const char *const expected[] = { "a1", "b1", "a2", "b2" };
	a.order = 1;
	find(&a, VERDICT_MISSING, &(struct place){ 0 }, "a1");
	a.order = 7;
	find(&a, VERDICT_ALTERED, &(struct place){ 0 }, "a2");
	b.order = 3;
	find(&b, VERDICT_MISSING, &(struct place){ 0 }, "b1");
	b.order = 7;
	find(&b, VERDICT_TORN, &(struct place){ 0 }, "b2");
	findings_merge(&all, (struct findings *const[]){ &a, &b }, 2);
	cr_assert_eq(all.len, 4);
	for (size_t i = 0; i < 4; i++)
		cr_assert_str_eq(all.list[i].reason, expected[i]);
	cr_assert_eq(all.count[VERDICT_MISSING], 2);
	cr_assert_eq(findings_total(&all), 4);
}

Test(report, merged_lists_keep_to_the_bound_and_count_beyond_it)
{
	cleanup_findings struct findings a = { 0 }, b = { 0 }, all = { 0 };
	for (int i = 0; i < FINDINGS_LISTED; i++) {
		find(&a, VERDICT_MISSING, &(struct place){ 0 }, "a");
		find(&b, VERDICT_MISSING, &(struct place){ 0 }, "b");
	}
	findings_merge(&all, (struct findings *const[]){ &a, &b }, 2);
	cr_assert_eq(all.len, FINDINGS_LISTED);
	cr_assert_eq(findings_total(&all), 2 * FINDINGS_LISTED);
	cr_assert_str_eq(all.list[FINDINGS_LISTED - 1].reason, "a");
}

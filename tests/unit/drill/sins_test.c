#include <criterion/criterion.h>

#include "drill/report.h"
#include "tests/support/host_log.h"
#include "tests/support/vectors.h"

Test(sins, each_has_a_name_of_its_own_a_check_a_bound_and_control_ids)
{
	cr_assert_geq(sin_count(), 20);
	for (size_t i = 0; i < sin_count(); i++) {
		const struct sin *s = sin_at(i);
		cr_expect_eq(sin_find(s->name), s, "%s is there twice", s->name);
		cr_expect(s->name[strspn(s->name, "abcdefghijklmnopqrstuvwxyz-")] == 0, "%s", s->name);
		cr_expect(s->words && s->check.words && s->commit && s->within_s > 0, "%s", s->name);
		cr_expect(strstr(s->controls, "NIST ") && strstr(s->controls, "PCI DSS "), "%s", s->name);
		cr_expect_eq(!s->check.verdicts, s->check.kind != CHECK_STORE && s->check.kind != CHECK_SPOOL,
		             "%s", s->name);
	}
	cr_expect_null(sin_find("charity"));
}

static const struct result results[] = {
	{ .outcome = OUTCOME_CAUGHT, .caught_ms = 1234, .what = "altered <x> \"y\"" },
	{ .outcome = OUTCOME_MISSED, .what = "nothing" },
};

static struct drill_report made(struct result copy[2])
{
	memcpy(copy, results, sizeof(results));
	copy[0].sin = sin_find("alter-entry");
	copy[1].sin = sin_find("kill-agent");
	return (struct drill_report){
		.result = copy, .count = 2, .version = "0.1.0", .time_us = 1795507200000000, .took_ms = 2000
	};
}

static bool says(const struct buf *b, const char *words)
{
	return !b->err && memmem(b->data, b->len, words, strlen(words));
}

Test(report, is_good_only_if_nothing_was_missed)
{
	struct result copy[2];
	struct drill_report r = made(copy);
	cr_expect_not(report_good(&r));
	r.count = 1;
	cr_expect(report_good(&r));
	copy[0].outcome = OUTCOME_PENDING;
	cr_expect_not(report_good(&r), "what was not run is not caught");
}

Test(report, has_the_same_in_text_json_and_html)
{
	struct result copy[2];
	struct drill_report r = made(copy);
	cleanup_buf struct buf text = { 0 }, json = { 0 }, html = { 0 };
	report_put_line(&text, &copy[0], false);
	report_put_drill_json(&json, &r);
	report_put_html(&html, &r);
	cr_expect(says(&text, "caught     alter-entry"));
	cr_expect(says(&text, "1.2 s of 10"));
	cr_expect(says(&json, "\"good\":false"));
	cr_expect(says(&json, "\"what\":\"altered <x> \\\"y\\\"\""));
	cr_expect(says(&json, "\"missed\":1"));
	cr_expect(says(&html, "altered &lt;x&gt;"), "what was found is no markup");
	cr_expect_not(says(&html, "<x>"));
}

Test(report, becomes_a_statement)
{
	struct result copy[2];
	struct drill_report r = made(copy);
	cleanup_buf struct buf text = { 0 }, note = { 0 };
	struct signer otto;
	const struct signer *signers = &otto;
	static const char whole[] =
	        "swornlog-statement/v1\ndrill\nfleet vectors.example\ntime 2026-11-24T08:00:00Z\n"
	        "version 0.1.0\ntarget scratch\n"
	        "sin alter-entry caught 1234 10000 verify: altered\n"
	        "sin kill-agent missed 0 20000 sink: host silent\n";
	report_put_statement(&text, &r, "vectors.example");
	cr_expect_eq(text.len, strlen(whole));
	cr_expect(says(&text, whole), "%.*s", (int)text.len, (const char *)text.data);
	test_signer("vectors.example/auditor/otto", &otto);
	cr_assert_eq(note_put(&note, (struct span){ text.data, text.len }, &signers, 1), 0);
	cr_expect(vector_is("drill.txt", (struct span){ note.data, note.len }));
}

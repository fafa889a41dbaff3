#include "collector/rules_report.h"

#include <criterion/criterion.h>

#include "lib/text.h"

static struct buf report, warnings;

static unsigned take(const char *text)
{
	char error[256];
	struct rules *rules;
	cr_assert_eq(rules_parse("c", span_str(text), &rules, error, sizeof(error)), 0, "%s", error);
	buf_reset(&report);
	buf_reset(&warnings);
	rules_report(rules, &report);
	unsigned count = rules_warn(rules, &warnings);
	rules_free(rules);
	buf_put_u8(&report, 0);
	buf_put_u8(&warnings, 0);
	return count;
}

static void done(void)
{
	buf_done(&report);
	buf_done(&warnings);
}

TestSuite(rules_report, .fini = done);

static void says(const char *words)
{
	cr_expect_not_null(strstr((const char *)report.data, words), "%s", (const char *)report.data);
}

static void warns(const char *words)
{
	cr_expect_not_null(strstr((const char *)warnings.data, words), "%s", (const char *)warnings.data);
}

Test(rules_report, the_defaults_are_told_and_warn_of_nothing)
{
	cr_expect_eq(take(""), 0);
	says("hash: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n");
	says("kinds switched off: connect, accept, bind\n");
	says("watch: nothing");
	says("exclude: nothing\n");
	says("throttle: none\n");
	says("repeats: none\n");
	says("redact: on\n");
	says("audit: 0 rules to load, none of execs\n");
}

Test(rules_report, each_section_is_told_in_words)
{
	cr_expect_eq(take("kinds: {open: false}\nwatch: [{label: phi, paths: [/usr, '/etc/*.d']}]\n"
	                  "exclude: [{reason: \"b\\e[0m\", uid: 7, kinds: [unlink], paths: [/var], exe: "
	                  "[/bin/sh],\n"
	                  "  result: failed}]\nthrottle: {events_per_second: 5}\n"
	                  "repeats: {kinds: [chmod, close], interval_s: 9}\nredact: {enabled: false}\n"),
	             0, "%s", (const char *)warnings.data);
	says("kinds switched off: open, connect, accept, bind\n");
	says("watch: phi: all of /usr\nwatch: phi: what fits /etc/*.d\n");
	says("exclude 1 (b\\x1b[0m): unlink; of /var; by /bin/sh; uid 7; failed\n");
	says("throttle: 5 file events a second of each cgroup, 5 at once\n");
	says("repeats: chmod, close, told every 9 s\n");
	says("redact: OFF");
}

Test(rules_report, what_can_have_no_effect_is_warned_of)
{
	cr_expect_eq(
	        take("kinds: {chmod: false}\nwatch: [{label: a, paths: [/none/x, '/etc/passwd/*', /usr]}]\n"
	             "exclude:\n  - {reason: r, paths: [/usr/lib]}\n  - {reason: s, kinds: [chmod]}\n"
	             "  - {reason: t, cgroup: /none}\nrepeats: {kinds: [chmod]}\n"),
	        6, "%s", (const char *)warnings.data);
	warns("warning: watch: /none/x is not there now\n");
	warns("warning: watch: /etc/passwd/* can't match: what it begins with is no directory\n");
	warns("warning: exclude 1: never applies: all its paths are labelled data\n");
	warns("warning: exclude 2: never applies: its kinds are switched off\n");
	warns("warning: exclude 3: applies to nothing: its cgroup is not there now\n");
	warns("warning: repeats: no effect: its kinds are switched off\n");
}

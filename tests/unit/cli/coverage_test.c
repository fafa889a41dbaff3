#include "cli/import_out.h"

#include <criterion/criterion.h>
#include <stdio.h>

#include "evidence/entry.h"

static struct auditctl_rule rule;
static struct coverage cover;

static enum coverage_verdict on(const char *line, enum machine machine)
{
	const char *why = NULL;
	int r = auditctl_parse(span_str(line), &rule, &why);
	cr_assert_eq(r, 0, "%s: %s", line, why);
	coverage_of(&rule, machine, &cover);
	return cover.verdict;
}

static enum coverage_verdict of(const char *line)
{
	return on(line, MACHINE_X86_64);
}

static void expect_rule(const char *line, const char *want)
{
	cleanup_buf struct buf b = { 0 };
	cr_assert_eq(of(line), COVERAGE_RULE, "%s", line);
	cr_assert_eq(import_put_rule(&b, &rule, &cover), 0);
	cr_expect(span_is((struct span){ b.data, b.len }, want), "'%.*s', want '%s'", (int)b.len,
	          (const char *)b.data, want);
}

Test(coverage, kinds_cover_calls_for_every_user_and_result)
{
	cr_expect_eq(of("-a always,exit -F arch=b32 -S chmod,fchmod -F auid>=1000 -F exit=-EPERM -k perm"),
	             COVERAGE_COVERED);
	cr_expect(cover.kind[KIND_CHMOD] && !cover.kind[KIND_CHOWN]);
	cr_expect_eq(of("-a always,exit -F arch=b64 -S execve -C uid!=euid"), COVERAGE_COVERED);
	cr_expect(cover.kind[KIND_EXEC] && cover.kind[KIND_EXEC_FAILED]);
	cr_expect_eq(of("-a always,exit -F arch=b64 -S setresuid -F a0=0"), COVERAGE_COVERED);
	cr_expect(cover.kind[KIND_CREDENTIALS]);
}

Test(coverage, a_watch_for_writing_is_covered_by_the_kinds_that_change_files)
{
	cr_expect_eq(of("-w /etc/passwd -p wa -k identity"), COVERAGE_COVERED);
	for (uint64_t kind = KIND_OPEN; kind <= KIND_REMOVEXATTR; kind++)
		cr_expect(cover.kind[kind], "%s", entry_kind_name(kind));
	cr_expect_not(cover.kind[KIND_EXEC]);
	cr_expect_eq(of("-a always,exit -F path=/usr/bin/su -F perm=x"), COVERAGE_COVERED);
	cr_expect(cover.kind[KIND_EXEC] && !cover.kind[KIND_OPEN]);
}

Test(coverage, what_reads_needs_a_watch)
{
	cr_expect_eq(of("-w /srv/phi -p r -k phi"), COVERAGE_WATCH);
	cr_expect(cover.watch && cover.kind[KIND_READ] && !cover.kind[KIND_OPEN]);
	cr_expect_eq(of("-w /srv/phi -k phi"), COVERAGE_WATCH);
	cr_expect(cover.kind[KIND_READ] && cover.kind[KIND_OPEN] && cover.kind[KIND_CHMOD] &&
	          cover.kind[KIND_EXEC]);
	cr_expect_eq(of("-a always,exit -F dir=/srv -F perm=r -F auid>=1000 -k phi"), COVERAGE_WATCH);
	cr_expect_not_null(cover.why);
	cr_expect_eq(of("-a always,exit -F arch=b64 -S openat -F dir=/srv -k phi"), COVERAGE_WATCH);
	cr_expect_eq(of("-a always,exit -F arch=b64 -S openat,kill -F dir=/srv -k phi"), COVERAGE_RULE);
	cr_expect(cover.watch && !cover.kept[0] && cover.kept[1]);
}

Test(coverage, kinds_that_are_off_are_switched_on)
{
	static struct import_out out;
	cleanup_buf struct buf b = { 0 };
	cr_expect_eq(of("-a always,exit -F arch=b64 -S connect -k net"), COVERAGE_COVERED);
	cr_assert_eq(import_out_take(&out, &rule, &cover), 0);
	cr_expect_eq(of("-w '/srv/a \"b' -p r -k PHI"), COVERAGE_WATCH);
	cr_assert_eq(import_out_take(&out, &rule, &cover), 0);
	cr_expect_eq(of("-w /srv/c/ -p r -k phi"), COVERAGE_WATCH);
	cr_assert_eq(import_out_take(&out, &rule, &cover), 0);
	import_out_put(&out, &b);
	buf_put_u8(&b, 0);
	cr_expect_str_eq((const char *)b.data, "# Made by swornlog import-rules.\n"
	                                       "kinds:\n  connect: true\n"
	                                       "watch:\n  - label: \"phi\"\n    paths:\n"
	                                       "      - \"/srv/a \\\"b\"\n      - \"/srv/c\"\n");
	import_out_done(&out);
}

Test(coverage, opens_are_covered_where_the_rule_wants_those_that_write)
{
	cr_expect_eq(of("-a always,exit -F arch=b64 -S openat -F a2&0100 -F exit=-EACCES"), COVERAGE_COVERED);
	cr_expect_eq(of("-a always,exit -F arch=b64 -S open -F a1&01003"), COVERAGE_COVERED);
	cr_expect_eq(of("-a always,exit -F arch=b64 -S open -F a2&01003"), COVERAGE_RULE);
	cr_expect_eq(of("-a always,exit -F arch=b64 -S openat -F a2&02000000"), COVERAGE_RULE);
	cr_expect_eq(of("-a always,exit -F arch=b64 -S openat -F a2&0"), COVERAGE_RULE);
	cr_expect_eq(of("-a always,exit -F arch=b64 -S openat -F a2!=1"), COVERAGE_RULE);
}

Test(coverage, what_no_kind_tells_of_keeps_its_rule_and_key)
{
	expect_rule("-a always,exit -F arch=b64 -S sethostname,setdomainname -F key=locale",
	            "-a always,exit -F arch=b64 -S sethostname,setdomainname -k locale");
	expect_rule("-a exit,always -S clone", "-a always,exit -F arch=b64 -S clone");
	expect_rule("-a always,exit -S all -F exit=-EINVAL -k einval",
	            "-a always,exit -S all -F exit=-EINVAL -k einval");
	expect_rule("-A always,exit -F arch!=b32 -F auid>=1000 -C uid!=euid",
	            "-A always,exit -F arch!=b32 -F auid>=1000 -C uid!=euid");
	expect_rule("-a always,io_uring -S openat,unlinkat -k ring",
	            "-a always,io_uring -S openat,unlinkat -k ring");
	expect_rule("-w /srv/*.db -p r -k db", "-w /srv/*.db -p r -k db");
}

Test(coverage, of_several_calls_only_those_that_no_kind_tells_of_are_kept)
{
	expect_rule("-a always,exit -F arch=b64 -S open,truncate,creat,openat -F exit=-EACCES -k access",
	            "-a always,exit -F arch=b64 -S open,openat -F exit=-EACCES -k access");
	cr_expect(cover.kind[KIND_TRUNCATE] && cover.kind[KIND_OPEN]);
}

Test(coverage, a_rule_with_a_blank_in_a_value_cannot_be_kept)
{
	cleanup_buf struct buf b = { 0 };
	cr_assert_eq(of("-a always,exit -F arch=b64 -S kill -F 'exe=/a b'"), COVERAGE_RULE);
	cr_expect_eq(import_put_rule(&b, &rule, &cover), -EINVAL);
	cr_expect_eq(b.len, 0);
}

Test(coverage, exclusions_and_settings_need_nothing)
{
	static const char *const exclusions[] = { "-a never,exit -F arch=b64 -S adjtimex -F auid=unset",
		                                  "-a always,exclude -F msgtype=CWD",
		                                  "-a never,filesystem -F fstype=tracefs", "-a task,never" };
	static const char *const set[] = { "-D",
		                           "-b 8192",
		                           "-f 1",
		                           "-e 1",
		                           "-i",
		                           "-c",
		                           "-r 0",
		                           "-s",
		                           "--backlog_wait_time 60000",
		                           "-d always,exit -S open",
		                           "-W /etc" };
	for (size_t i = 0; i < ARRAY_SIZE(exclusions); i++)
		cr_expect_eq(of(exclusions[i]), COVERAGE_EXCLUSION, "%s", exclusions[i]);
	for (size_t i = 0; i < ARRAY_SIZE(set); i++)
		cr_expect_eq(of(set[i]), COVERAGE_SETTING, "%s", set[i]);
}

Test(coverage, what_the_agent_does_not_promise_is_said)
{
	static const char *const lines[] = { "-e 2",
		                             "-f 2",
		                             "--loginuid-immutable",
		                             "-R /other",
		                             "-a always,exit -F arch=b64 -S nosuchcall",
		                             "-a always,exit -F nosuchfield=1",
		                             "-a always,exit -C uid!=nosuchfield",
		                             "-a always,exit -F arch=ppc64 -S open" };
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		cr_expect_eq(of(lines[i]), COVERAGE_UNSUPPORTED, "%s", lines[i]);
		cr_expect_not_null(cover.why);
	}
}

Test(coverage, calls_that_one_machine_has_and_the_other_has_not)
{
	cr_expect_eq(on("-a always,exit -F arch=b64 -S open,openat -F dir=/srv -F perm=w", MACHINE_AARCH64),
	             COVERAGE_COVERED);
	cr_expect_eq(on("-a always,exit -F arch=b64 -S chmod -k x", MACHINE_AARCH64), COVERAGE_UNSUPPORTED);
	cr_expect_eq(on("-a always,exit -F arch=b32 -S chmod -k x", MACHINE_AARCH64), COVERAGE_COVERED);
}

Test(coverage, what_is_taken_over_stands_in_the_file_once)
{
	static struct import_out out;
	cleanup_buf struct buf b = { 0 };
	static const char *const lines[] = { "-a always,exit -F arch=b64 -S kill -k one",
		                             "-a always,exit -F arch=b64 -S kill -k one",
		                             "-a always,exit -F arch=b64 -S kill -k two" };
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		(void)of(lines[i]);
		cr_assert_eq(import_out_take(&out, &rule, &cover), 0);
	}
	import_out_put(&out, &b);
	buf_put_u8(&b, 0);
	cr_expect_str_eq((const char *)b.data, "# Made by swornlog import-rules.\n"
	                                       "audit:\n  rules:\n"
	                                       "    - \"-a always,exit -F arch=b64 -S kill -k one\"\n"
	                                       "    - \"-a always,exit -F arch=b64 -S kill -k two\"\n");
	import_out_done(&out);
}

Test(coverage, no_more_is_taken_over_than_the_agent_takes)
{
	static struct import_out out;
	char line[128];
	for (unsigned i = 0; i < IMPORT_RULES_MAX + 1; i++) {
		snprintf(line, sizeof(line), "-a always,exit -F arch=b64 -S kill -F a1=%u", i);
		(void)of(line);
		cr_expect_eq(import_out_take(&out, &rule, &cover), i < IMPORT_RULES_MAX ? 0 : -E2BIG);
	}
	for (unsigned i = 0; i < IMPORT_LABELS_MAX + 1; i++) {
		snprintf(line, sizeof(line), "-w /srv/%u -p r -k label%u", i, i);
		(void)of(line);
		cr_expect_eq(import_out_take(&out, &rule, &cover), i < IMPORT_LABELS_MAX ? 0 : -E2BIG);
	}
	import_out_done(&out);
}

Test(coverage, a_key_becomes_a_label_that_a_watch_takes)
{
	char label[IMPORT_LABEL_MAX + 1];
	(void)of("-w /srv -p r -k 10.2.3-Access/trail");
	import_label(&rule, label);
	cr_expect_str_eq(label, "10.2.3-access-trail");
	(void)of("-w /srv -p r");
	import_label(&rule, label);
	cr_expect_str_eq(label, "imported");
}

#include "cli/auditctl.h"

#include <criterion/criterion.h>

static struct auditctl_rule rule;

static int parse(const char *line)
{
	const char *why = NULL;
	int r = auditctl_parse(span_str(line), &rule, &why);
	cr_assert_eq(r < 0, why != NULL);
	return r;
}

Test(auditctl, a_watch_has_path_permissions_and_key)
{
	cr_assert_eq(parse("  -w /etc/passwd\t-p wa -k identity \r"), 0);
	cr_expect_eq(rule.form, AUDITCTL_WATCH);
	cr_expect(span_is(rule.path, "/etc/passwd"));
	cr_expect_eq(rule.access, AUDITCTL_WRITE | AUDITCTL_ATTRIBUTES);
	cr_assert_eq(rule.keys, 1);
	cr_expect(span_is(rule.key[0], "identity"));
}

Test(auditctl, a_rule_has_place_calls_fields_and_comparisons)
{
	cr_assert_eq(parse("-A exit,always -F arch=b64 -S open,openat -S 59 -F auid>=1000 -F a2&0100 -F "
	                   "exit=-EPERM "
	                   "-C uid!=euid -F key=one -k two"),
	             0);
	cr_expect_eq(rule.form, AUDITCTL_RULE);
	cr_expect(rule.first && !rule.never);
	cr_expect_eq(rule.list, AUDITCTL_EXIT);
	cr_expect(span_is(rule.arch, "b64"));
	cr_assert_eq(rule.calls, 3);
	cr_expect(span_is(rule.call[2], "59"));
	cr_assert_eq(rule.fields, 4);
	cr_expect(span_is(rule.field[0].name, "auid") && span_is(rule.field[0].op, ">=") &&
	          span_is(rule.field[0].value, "1000"));
	cr_expect(span_is(rule.field[1].op, "&"));
	cr_expect(span_is(rule.field[2].value, "-EPERM"));
	cr_expect(rule.field[3].compare && span_is(rule.field[3].op, "!="));
	cr_assert_eq(rule.keys, 2);
}

Test(auditctl, every_operator_is_told_apart)
{
	static const char *const ops[] = { "=", "!=", "<", ">", "<=", ">=", "&", "&=" };
	for (size_t i = 0; i < ARRAY_SIZE(ops); i++) {
		char line[64] = "-a always,exit -F uid";
		strcat(strcat(line, ops[i]), "7");
		cr_assert_eq(parse(line), 0, "%s", line);
		cr_expect(span_is(rule.field[0].op, ops[i]), "%s", line);
		cr_expect(span_is(rule.field[0].value, "7"), "%s", line);
	}
}

Test(auditctl, quotes_and_backslashes_hold_a_word_together)
{
	static const char *const lines[] = { "-w \"/a b\" -p wa", "-w '/a b' -p wa", "-w /a\\ b -pwa",
		                             "-w \"/a\\ b\" -p wa" };
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		cr_assert_eq(parse(lines[i]), 0, "%s", lines[i]);
		cr_expect(span_is(rule.path, "/a b"), "%s", lines[i]);
		cr_expect_eq(rule.access, AUDITCTL_WRITE | AUDITCTL_ATTRIBUTES);
	}
}

Test(auditctl, settings_keep_their_value_however_it_is_attached)
{
	static const char *const lines[] = { "--backlog_wait_time 60000", "--backlog_wait_time=60000" };
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		cr_assert_eq(parse(lines[i]), 0);
		cr_expect_eq(rule.form, AUDITCTL_SETTING);
		cr_expect(span_is(rule.setting, "--backlog_wait_time"));
		cr_expect(span_is(rule.argument, "60000"));
	}
	cr_assert_eq(parse("-e2"), 0);
	cr_expect(span_is(rule.setting, "-e") && span_is(rule.argument, "2"));
	cr_assert_eq(parse("-D -k mine"), 0);
	cr_expect(span_is(rule.setting, "-D"));
}

Test(auditctl, blank_lines_and_comments_are_nothing)
{
	static const char *const lines[] = { "", "  \t", "# -D", "   ## x 'unclosed" };
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		cr_assert_eq(parse(lines[i]), 0);
		cr_expect_eq(rule.form, AUDITCTL_NOTHING);
	}
}

Test(auditctl, what_auditctl_refuses_is_refused)
{
	static const char *const lines[] = {
		"-w etc/passwd",
		"-w /a -p q",
		"-w /a -p",
		"-w /a -w /b",
		"-w /a -S open",
		"-w '/a",
		"-a always",
		"-a sometimes,exit",
		"-a always,exit -S open -F arch=b64",
		"-a always,exit -F uid",
		"-a always,exit -F =5",
		"-a always,exit -F uid=",
		"-a always,exit -F path>/a",
		"-a always,exit -C uid>euid",
		"-a always,exit -p wa",
		"-a always,exit -S open,",
		"-S open",
		"-k key",
		"-F uid=0",
		"-x",
		"rm -rf /",
		"-D # comment",
		"--backlog_wait_timeout 5",
		"-a always,exit -F arch=b64 -F arch=b32",
		"-w /a -k ''",
	};
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		cr_expect_eq(parse(lines[i]), -EINVAL, "%s", lines[i]);
}

Test(auditctl, a_line_has_a_longest_length_and_most_words)
{
	static char line[AUDITCTL_LINE_MAX + 2];
	memset(line, 'a', AUDITCTL_LINE_MAX + 1);
	cr_expect_eq(parse(line), -EINVAL);
	for (size_t i = 0; i + 2 < AUDITCTL_LINE_MAX; i += 2)
		memcpy(line + i, "a ", 2);
	line[AUDITCTL_LINE_MAX] = 0;
	cr_expect_eq(parse(line), -EINVAL);
	const char *why = NULL;
	cr_expect_eq(auditctl_parse((struct span){ (const uint8_t *)"-D\0", 3 }, &rule, &why), -EINVAL);
}

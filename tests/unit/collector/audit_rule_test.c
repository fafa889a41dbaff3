#include "collector/audit_control.h"
#include "collector/audit_lease.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static int parse(const char *line, struct audit_rules *r, const char **why)
{
	*why = "";
	return audit_rule_parse(span_str(line), r, why);
}

static size_t rule_count(const struct audit_rules *r)
{
	size_t count = 0;
	struct span rule;
	for (size_t at = 0; audit_rules_next(r, &at, &rule);)
		count++;
	return count;
}

Test(audit_rule, lines_as_auditctl_takes_them_become_rules)
{
	static const char *const lines[] = {
		"-a always,exit -F arch=b64 -S mount,umount2 -F auid>=1000 -F auid!=-1 -k mounts",
		"-a exit,always -F arch=b32 -S all",
		"-A never,exit -F arch=b64 -S execve -F uid=0",
		"-a always,exclude -F msgtype=CWD",
		"-w /etc/passwd -p wa -k accounts",
		"-w /etc -p rwxa",
		"-a always,exit -F arch=b64 -S openat -F dir=/etc -F success=0 -C auid!=obj_uid -F key=k",
		"-a never,task",
	};
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		cleanup(audit_rules_done) struct audit_rules r = { 0 };
		const char *why;
		cr_expect_eq(parse(lines[i], &r, &why), 0, "%s: %s", lines[i], why);
		cr_expect_eq(r.count, 1);
		cr_expect_eq(rule_count(&r), 1);
	}
}

Test(audit_rule, what_is_no_rule_is_refused_with_words)
{
	static const char *const lines[] = {
		"",
		"-a",
		"-a always,exit -S",
		"-a always,exit -S execve",
		"-a always,exit -F arch=b64 -S no_such_call",
		"-a always,nowhere",
		"-F uid=0 -a always,exit",
		"-a always,exit -F nonsense=1",
		"-a always,exit -p wa",
		"-w /etc/passwd -p wz",
		"-D all",
		"-e 2",
		"-a always,exit -F uid=0 -X y",
		"-a always,exit -C uid!=moon",
	};
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		cleanup(audit_rules_done) struct audit_rules r = { 0 };
		const char *why;
		cr_expect_eq(parse(lines[i], &r, &why), -EINVAL, "'%s' was taken", lines[i]);
		cr_expect(*why);
		cr_expect_eq(r.count, 0);
	}
}

Test(audit_rule, a_line_too_long_or_with_a_nul_is_refused)
{
	cleanup(audit_rules_done) struct audit_rules r = { 0 };
	static uint8_t line[AUDIT_RULE_LINE_MAX + 1];
	const char *why;
	memset(line, ' ', sizeof(line));
	cr_assert_eq(audit_rule_parse((struct span){ line, sizeof(line) }, &r, &why), -EINVAL);
	cr_assert_eq(audit_rule_parse((struct span){ (const uint8_t *)"-a\0x", 4 }, &r, &why), -EINVAL);
}

Test(audit_rule, the_number_of_a_call_is_that_of_the_rules_own_architecture)
{
	cleanup(audit_rules_done) struct audit_rules a = { 0 }, b = { 0 };
	const char *why;
	static const char native[] = "-a always,exit -F arch=b64 -S execve";
	cr_assert_eq(parse(native, &a, &why), 0);
	cr_assert_eq(parse("-a always,exit -F arch=b32 -S execve", &b, &why), 0);
	cr_assert_eq(parse(native, &b, &why), 0);
	struct span first, other, again;
	size_t at = 0;
	cr_assert(audit_rules_next(&a, &(size_t){ 0 }, &first));
	cr_assert(audit_rules_next(&b, &at, &other));
	cr_assert(audit_rules_next(&b, &at, &again));
	cr_assert(audit_rule_equal(first, again));
	cr_assert_not(audit_rule_equal(first, other));
}

Test(audit_rule, a_rule_is_known_again_in_a_padded_list_and_wherever_it_was_put)
{
	cleanup(audit_rules_done) struct audit_rules r = { 0 }, front = { 0 };
	const char *why;
	cr_assert_eq(parse("-a always,exit -F arch=b64 -S mount -k abc", &r, &why), 0);
	cr_assert_eq(parse("-A always,exit -F arch=b64 -S mount -k abc", &front, &why), 0);
	struct span rule, other;
	cr_assert(audit_rules_next(&r, &(size_t){ 0 }, &rule));
	cr_assert(audit_rules_next(&front, &(size_t){ 0 }, &other));
	cr_assert(audit_rule_equal(rule, other));
	cleanup_buf struct buf padded = { 0 };
	buf_put(&padded, rule.data, rule.len);
	buf_put(&padded, "\0\0\0", 3);
	cr_assert(audit_rules_have(&r, (struct span){ padded.data, padded.len }));
	padded.data[rule.len - 1] ^= 1;
	cr_assert_not(audit_rules_have(&r, (struct span){ padded.data, padded.len }), "another key");
	cr_assert_not(audit_rules_have(&r, (struct span){ padded.data, 8 }));
}

Test(audit_rule, there_are_rules_for_execs)
{
	cleanup(audit_rules_done) struct audit_rules r = { 0 };
	cr_assert_eq(audit_rule_put_exec(&r), 0);
	cr_assert(r.count == 1 || r.count == 2);
}

Test(audit_rule, rules_are_bounded)
{
	cleanup(audit_rules_done) struct audit_rules r = { 0 };
	for (int i = 0; i < AUDIT_RULES_MAX; i++)
		cr_assert_eq(audit_rule_put_never(&r), 0);
	cr_assert_eq(audit_rule_put_never(&r), -E2BIG);
}

static void print(bool enabled, const struct audit_rules *rules, struct buf *ret)
{
	struct audit_control c = { .enabled = enabled, .added = *rules };
	audit_control_print(&c, ret);
	cr_assert_eq(buf_err(ret), 0);
}

Test(audit_control, what_was_changed_survives_as_text)
{
	cleanup(audit_rules_done) struct audit_rules rules = { 0 };
	cleanup(audit_control_done) struct audit_control back = { 0 };
	cleanup_buf struct buf text = { 0 };
	cr_assert_eq(audit_rule_put_exec(&rules), 0);
	cr_assert_eq(audit_rule_put_never(&rules), 0);
	print(true, &rules, &text);
	cr_assert_eq(audit_control_parse((struct span){ text.data, text.len }, &back), 0);
	cr_assert(back.enabled);
	cr_assert_eq(back.added.count, rules.count);
	cr_assert_eq(back.added.bytes.len, rules.bytes.len);
	cr_assert_arr_eq(back.added.bytes.data, rules.bytes.data, rules.bytes.len);
}

Test(audit_control, any_other_text_is_refused)
{
	cleanup(audit_rules_done) struct audit_rules rules = { 0 };
	cleanup_buf struct buf text = { 0 };
	struct audit_control back;
	cr_assert_eq(audit_rule_put_never(&rules), 0);
	print(false, &rules, &text);
	for (size_t len = 0; len < text.len; len++)
		cr_assert_eq(audit_control_parse((struct span){ text.data, len }, &back), -EBADMSG, "%zu",
		             len);
	buf_put_u8(&text, '\n');
	cr_assert_eq(audit_control_parse((struct span){ text.data, text.len }, &back), -EBADMSG);
	static const char *const wrong[] = { "enabled=2 rules=0\n", "enabled=1 rules=65\n",
		                             "enabled=1 rules=1\n0\n", "enabled=1 rules=1\nzz\n",
		                             "enabled=1 rules=\n" };
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		cr_expect_eq(audit_control_parse((struct span){ (const uint8_t *)wrong[i], strlen(wrong[i]) },
		                                 &back),
		             -EBADMSG, "%s", wrong[i]);
}

Test(audit_lease, what_is_no_file_of_ours_is_not_acted_upon)
{
	char folder[] = "/tmp/swornlog-lease.XXXXXX", path[64];
	cr_assert_not_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/lease", folder);
	cr_assert_eq(audit_lease_give_back(path), 0, "there is none");
	cr_assert_eq(symlink("/etc/passwd", path), 0);
	cr_assert_eq(audit_lease_give_back(path), -ELOOP);
	cr_assert_eq(unlink(path), 0);
	cr_assert_eq(mkfifo(path, 0600), 0);
	cr_assert_eq(audit_lease_give_back(path), -EPERM);
	cr_assert_eq(unlink(path), 0);
	cr_assert_eq(rmdir(folder), 0);
}

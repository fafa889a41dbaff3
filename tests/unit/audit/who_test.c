#include "audit/who.h"

#include <criterion/criterion.h>

static struct audit_line line(uint16_t type, const char *text)
{
	return (struct audit_line){ type, { (const uint8_t *)text, strlen(text) } };
}

static bool holds(const uint8_t *text, size_t len, const char *want)
{
	return len == strlen(want) && memcmp(text, want, len) == 0;
}

Test(who, an_exec_is_told_by_the_kernel_record_of_its_call)
{
	const struct audit_line lines[] = {
		line(1300,
		     "audit(1700000000.123:77): arch=c000003e syscall=59 success=yes exit=0 ppid=10 pid=11 "
		     "auid=1000 uid=0 ses=3 comm=\"ls\" exe=2F7573722F62696E2F612062 key=\"swornlog\""),
		line(1309, "audit(1700000000.123:77): argc=1 a0=\"pid=99\""),
	};
	struct audit_assembled event = { .stamp = { 1700000000123, 77 }, .lines = lines, .count = 2 };
	struct audit_who who;
	cr_assert(audit_is_exec(&event));
	cr_assert_not(audit_is_config(&event));
	audit_who_read(&event, &who);
	cr_assert(who.pid == 11 && who.ppid == 10 && who.uid == 0 && who.loginuid == 1000 &&
	          who.session == 3);
	cr_assert_eq(who.stamp.serial, 77);
	cr_assert(who.succeeded);
	cr_assert(holds(who.exe, who.exe_len, "/usr/bin/a b"));
	cr_assert(holds(who.comm, who.comm_len, "ls"));
	cr_assert(holds(who.key, who.key_len, "swornlog"));
}

Test(who, a_configuration_record_names_its_author_and_what_is_not_said_is_unset)
{
	const struct audit_line lines[] = { line(
		1305, "audit(1700000000.123:78): op=set audit_enabled=0 old=1 auid=1000 ses=4 res=1") };
	struct audit_assembled event = { .stamp = { 1700000000123, 78 }, .lines = lines, .count = 1 };
	struct audit_who who;
	cr_assert(audit_is_config(&event));
	cr_assert_not(audit_is_exec(&event));
	audit_who_read(&event, &who);
	cr_assert(who.loginuid == 1000 && who.session == 4 && who.succeeded);
	cr_assert(who.pid == AUDIT_WHO_UNSET && who.uid == AUDIT_WHO_UNSET);
	cr_assert(holds(who.op, who.op_len, "set"));
	cr_assert(holds(who.setting, who.setting_len, "enabled") && who.set_to == 0);
}

Test(who, a_programs_own_words_are_not_taken)
{
	const struct audit_line lines[] = { line(
		1305, "audit(1.000:1): pid=5 msg='pid=6 exe=\"/bin/forged\" res=success'") };
	struct audit_assembled event = { .lines = lines, .count = 1 };
	struct audit_who who;
	audit_who_read(&event, &who);
	cr_assert(who.pid == 5 && who.exe_len == 0 && !who.succeeded);
}

Test(who, a_long_name_is_cut_and_said_to_be)
{
	char text[1024] = "audit(1.000:1): exe=\"";
	memset(text + strlen(text), 'a', 600);
	strcat(text, "\"");
	const struct audit_line lines[] = { line(1300, text) };
	struct audit_assembled event = { .lines = lines, .count = 1 };
	struct audit_who who;
	audit_who_read(&event, &who);
	cr_assert_eq(who.exe_len, AUDIT_WHO_EXE_MAX);
	cr_assert(who.cut);
}

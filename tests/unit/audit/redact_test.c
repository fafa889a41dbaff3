/* Secrets in audit records: decoded, taken out, and written back as the record wrote them. */
#include "audit/redact.h"

#include <criterion/criterion.h>
#include <stdio.h>

#include "lib/buf.h"
#include "tests/support/shipped_rules.h"

#define STAMP "audit(1490137971.011:50406): "

static struct redact *rules;
static struct audit_redaction *redaction;
static struct audit_line lines[8];
static struct audit_assembled event, out;

static void setup(void)
{
	rules = shipped_rules();
	cr_assert_eq(audit_redaction_new(&redaction), 0);
}

static void teardown(void)
{
	audit_redaction_free(redaction);
	redact_free(rules);
}

TestSuite(audit_redact, .init = setup, .fini = teardown);

static void add(uint16_t type, const char *text)
{
	lines[event.count] = (struct audit_line){ type, { (const uint8_t *)text, strlen(text) } };
	event.lines = lines;
	event.count++;
}

static void apply(void)
{
	cr_assert_eq(audit_redact(redaction, rules, &event, &out), 0);
	cr_assert_eq(out.count, event.count);
}

static void is(size_t i, const char *want)
{
	struct span got = out.lines[i].text;
	cr_expect(span_is(got, want), "got  %.*s\nwant %s", (int)got.len, (const char *)got.data, want);
	cr_expect_eq(out.lines[i].type, event.lines[i].type);
}

/* One record: what it becomes. */
static void becomes(uint16_t type, const char *text, const char *want)
{
	event.count = 0;
	add(type, text);
	apply();
	is(0, want);
	cr_expect_eq(out.redacted, strcmp(text, want) != 0);
}

static const char *hex(const char *text)
{
	static char to[8][2048];
	static size_t turn;
	char *at = to[turn++ % 8];
	for (size_t i = 0; text[i]; i++)
		sprintf(at + 2 * i, "%02X", (unsigned char)text[i]);
	return at;
}

static const char *put(const char *format, const char *a, const char *b)
{
	static char to[8][4096];
	static size_t turn;
	char *at = to[turn++ % 8];
	snprintf(at, sizeof(to[0]), format, a, b);
	return at;
}

Test(audit_redact, quoted_arguments_of_an_exec_stay_quoted)
{
	becomes(1309, STAMP "argc=4 a0=\"mysql\" a1=\"-uroot\" a2=\"-phunter2\" a3=\"db\"",
	        STAMP "argc=4 a0=\"mysql\" a1=\"-uroot\" a2=\"-p[redacted:7]\" a3=\"db\"");
	becomes(1309, STAMP "argc=3 a0=\"x\" a1=\"--password\" a2=\"hunter2\"",
	        STAMP "argc=3 a0=\"x\" a1=\"--password\" a2=\"[redacted:7]\"");
}

Test(audit_redact, hex_arguments_stay_hex)
{
	becomes(1309, put(STAMP "argc=2 a0=\"x\" a1=%s", hex("--password=two words"), ""),
	        put(STAMP "argc=2 a0=\"x\" a1=%s", hex("--password=[redacted:9]"), ""));
}

Test(audit_redact, a_quoted_argument_that_looks_like_hex_is_none)
{
	becomes(1309, STAMP "argc=3 a0=\"x\" a1=\"--token\" a2=\"4142434445\"",
	        STAMP "argc=3 a0=\"x\" a1=\"--token\" a2=\"[redacted:10]\"");
}

Test(audit_redact, arguments_are_put_together_from_several_records)
{
	event.count = 0;
	add(1300, STAMP "arch=c000003e syscall=59 success=yes a0=1 a1=2 comm=\"x\" exe=\"/x\"");
	add(1309, STAMP "argc=4 a0=\"x\" a1=\"--password\"");
	add(1309, put(STAMP "a2_len=14 a2[0]=%s", hex("hun"), ""));
	add(1309, put(STAMP "a2[1]=%s a3=\"end\"", hex("ter2"), ""));
	apply();
	is(0, STAMP "arch=c000003e syscall=59 success=yes a0=1 a1=2 comm=\"x\" exe=\"/x\"");
	is(1, STAMP "argc=4 a0=\"x\" a1=\"--password\"");
	is(2, put(STAMP "a2_len=14 a2[0]=%s", hex("[redacted:7]"), ""));
	is(3, STAMP "a2[1]= a3=\"end\"");
	cr_assert(out.redacted);
}

Test(audit_redact, a_secret_is_found_over_the_seam_of_two_parts)
{
	event.count = 0;
	add(1309, STAMP "argc=1 a0_len=30 a0[0]=\"https://me:hun\"");
	add(1309, STAMP "a0[1]=\"ter2@host/\"");
	apply();
	is(0, STAMP "argc=1 a0_len=30 a0[0]=\"https://me:[redacted:7]\"");
	is(1, STAMP "a0[1]=\"@host/\"");
}

Test(audit_redact, too_many_secrets_leave_one_mark)
{
	char text[4096] = STAMP "argc=70", want[4096] = STAMP "argc=70", name[16];
	for (int i = 0; i < 70; i++) {
		snprintf(name, sizeof(name), " a%d=\"", i);
		strcat(strcat(text, name), "--token=x\"");
		strcat(strcat(want, name), i ? "\"" : "[redacted:699]\"");
	}
	becomes(1309, text, want);
}

Test(audit_redact, the_title_of_a_process_is_a_vector)
{
	becomes(1327, STAMP "proctitle=6D7973716C002D7068756E7465723200646200",
	        put(STAMP "proctitle=6D7973716C002D70%s00646200", hex("[redacted:7]"), ""));
	becomes(1327, STAMP "proctitle=\"--token=abc\"", STAMP "proctitle=\"--token=[redacted:3]\"");
}

Test(audit_redact, a_title_that_the_kernel_cut_may_end_in_a_secret)
{
	char title[129] = "x ghp_", text[512], want[512];
	memset(title + strlen(title), 'a', 10);
	char whole[129];
	memset(whole, 'z', 112);
	memcpy(whole + 112, " ghp_aaaaaaaaaaa", 17);
	snprintf(text, sizeof(text), STAMP "proctitle=%s", hex(whole));
	snprintf(want, sizeof(want), STAMP "proctitle=%.226s%s", hex(whole), hex("[redacted:15]"));
	becomes(1327, text, want);
}

Test(audit_redact, the_command_of_sudo_is_a_command_line)
{
	becomes(1123,
	        put(STAMP "pid=1 uid=0 auid=1000 ses=3 msg='cwd=\"/root\" cmd=%s terminal=pts/0 res=success'",
	            hex("mysql -u root -phunter2 db"), ""),
	        put(STAMP "pid=1 uid=0 auid=1000 ses=3 msg='cwd=\"/root\" cmd=%s terminal=pts/0 res=success'",
	            hex("mysql -u root -p[redacted:7] db"), ""));
}

Test(audit_redact, the_free_text_of_a_program_is_searched)
{
	becomes(1120,
	        STAMP "pid=1 uid=0 msg='op=x url=https://me:hunter2@h/ token=abc exe=\"/x\" res=success'",
	        STAMP "pid=1 uid=0 msg='op=x url=https://me:[redacted:7]@h/ token=[redacted:3] exe=\"/x\" "
	              "res=success'");
	becomes(1120, STAMP "msg='cmd=\"mysql -phunter2\" res=success'",
	        STAMP "msg='cmd=\"mysql -p[redacted:7]\" res=success'");
	becomes(1120, STAMP "msg='run tool --token abc'", STAMP "msg='run tool --token [redacted:3]'");
	becomes(1120, "no stamp password=hunter2", "no stamp password=[redacted:7]");
	becomes(1319, put(STAMP "tty pid=1 data=%s", hex("curl -u me:hunter2 h\r"), ""),
	        put(STAMP "tty pid=1 data=%s", hex("curl -u me:[redacted:7] h\r"), ""));
}

Test(audit_redact, of_a_system_call_only_the_name_is_searched)
{
	becomes(1300, STAMP "syscall=59 comm=\"token=abc\" exe=\"/x/token=abc\" key=\"token=abc\"",
	        STAMP "syscall=59 comm=\"\" exe=\"/x/token=abc\" key=\"token=abc\"");
}

Test(audit_redact, a_name_in_hex_is_emptied_as_a_quoted_one)
{
	becomes(1300, put(STAMP "syscall=59 comm=%s exe=\"/x\"", hex("token=a b"), ""),
	        STAMP "syscall=59 comm= exe=\"/x\"");
}

Test(audit_redact, what_looks_like_a_mark_is_told_from_one)
{
	becomes(1120, STAMP "msg='[redacted:12]'", STAMP "msg='[redacted:0]12]'");
	becomes(1309, put(STAMP "argc=1 a0=%s", hex("a [redacted:12]"), ""),
	        put(STAMP "argc=1 a0=%s", hex("a [redacted:0]12]"), ""));
}

Test(audit_redact, names_of_files_and_records_without_secrets_stay)
{
	static const struct {
		uint16_t type;
		const char *text;
	} same[] = {
		{ 1302, STAMP "item=0 name=\"/srv/password=x\" inode=1" },
		{ 1307, STAMP "cwd=\"/srv/--token=x\"" },
		{ 1112, STAMP "pid=1 uid=0 auid=0 ses=1 msg='op=login acct=\"root\" exe=\"/usr/bin/passwd\" "
		              "hostname=h addr=1.2.3.4 terminal=pts/0 res=success'" },
		{ 1100, STAMP "pid=1 uid=0 auid=1000 ses=3 msg='op=PAM:authentication grantors=pam_unix "
		              "acct=\"root\" res=failed'" },
		{ 1305, STAMP "auid=0 ses=1 op=add_rule key=\"secret\" list=4 res=1" },
		{ 1309, STAMP "argc=3 a0=\"git\" a1=\"commit\" a2=\"-mpassword\"" },
		{ 2404, STAMP "pid=1 msg='op=destroy kind=server fp=SHA256:aa:bb direction=? spid=1 suid=0 "
		              "exe=\"/usr/sbin/sshd\" res=success'" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(same); i++)
		becomes(same[i].type, same[i].text, same[i].text);
}

Test(audit_redact, without_rules_nothing_changes)
{
	event.count = 0;
	add(1120, STAMP "msg='password=hunter2'");
	cr_assert_eq(audit_redact(redaction, NULL, &event, &out), 0);
	cr_assert_eq(out.lines, event.lines);
	cr_assert_not(out.redacted);
}

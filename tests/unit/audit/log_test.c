#include "audit/log.h"

#include "evidence/audit_type.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <unistd.h>

static struct span text(const char *s)
{
	return span_str(s);
}

Test(audit_log, a_line_is_split_into_type_and_text)
{
	uint16_t type;
	struct span rest;
	cr_assert_eq(audit_log_split(text("type=USER_LOGIN msg=audit(1.0:2): pid=1"), &type, &rest), 0);
	cr_assert_eq(type, 1112);
	cr_assert(span_is(rest, "audit(1.0:2): pid=1"));
	cr_assert_eq(audit_log_split(text("node=web 1 type=EOE msg=audit(1.0:2): "), &type, &rest), -EBADMSG);
	cr_assert_eq(audit_log_split(text("node=web1 type=EOE msg=audit(1.0:2): "), &type, &rest), 0);
	cr_assert_eq(type, AUDIT_TYPE_EOE);
}

Test(audit_log, what_is_no_record_is_refused)
{
	static const char *const wrong[] = { "",
		                             "type=",
		                             "type=LOGIN",
		                             "type=LOGIN ",
		                             "type=LOGIN msg=",
		                             "----",
		                             "type=NOSUCH msg=audit(1.0:2): ",
		                             "msg=audit(1.0:2): ",
		                             "node=a" };
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		uint16_t type = 3;
		struct span rest = { 0 };
		cr_expect_eq(audit_log_split(text(wrong[i]), &type, &rest), -EBADMSG, "%s", wrong[i]);
		cr_expect_eq(type, 3);
	}
}

Test(audit_log, reading_goes_on_behind_what_is_no_record)
{
	char path[] = "/tmp/swornlog-log-XXXXXX";
	int fd = mkstemp(path);
	cr_assert_geq(fd, 0);
	FILE *out = fdopen(fd, "w");
	fputs("----\n\n", out);
	for (int i = 0; i < 100000; i++)
		fputc('a', out);
	fputs("\ntype=USER_LOGIN msg=audit(1.0:2): pid=1", out);
	fclose(out);
	cleanup_audit_log struct audit_log *log = NULL;
	uint16_t type = 0;
	struct span rest = { 0 };
	cr_assert_eq(audit_log_open(path, &log), 0);
	unlink(path);
	cr_expect_eq(audit_log_next(log, &type, &rest), -EBADMSG);
	cr_expect_eq(audit_log_next(log, &type, &rest), -EBADMSG);
	cr_expect_eq(audit_log_next(log, &type, &rest), -EMSGSIZE);
	cr_expect_eq(audit_log_next(log, &type, &rest), 1);
	cr_expect_eq(type, 1112);
	cr_expect(span_is(rest, "audit(1.0:2): pid=1"));
	cr_expect_eq(audit_log_next(log, &type, &rest), 0);
	cr_expect_eq(audit_log_next(log, &type, &rest), 0);
}

Test(audit_log, what_cannot_be_read_is_an_error)
{
	struct audit_log *log = NULL;
	uint16_t type;
	struct span rest;
	cr_expect_eq(audit_log_open("/nonexistent/audit.log", &log), -ENOENT);
	cr_expect_null(log);
	cr_assert_eq(audit_log_open("/", &log), 0);
	cr_expect_eq(audit_log_next(log, &type, &rest), -EIO);
	audit_log_free(log);
}

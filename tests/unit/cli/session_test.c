#include "cli/session.h"

#include <criterion/criterion.h>

#include "lib/cbor.h"

static const struct origin web = { .fleet = "acme", .host = "web", .epoch = 1 };
static const struct origin db = { .fleet = "acme", .host = "db", .epoch = 1 };

struct made {
	struct buf fields;
	struct entry entry;
	struct event event;
};

static void made_done(struct made *m)
{
	buf_done(&m->fields);
}

static void word(struct buf *b, uint64_t key, const char *text)
{
	cbor_put_uint(b, key);
	cbor_put_bytes(b, text, strlen(text));
}

static void finish(struct made *m, const struct origin *o, uint64_t kind, uint64_t wall_us)
{
	m->entry = (struct entry){ .kind = kind,
		                   .process = ENTRY_NO_PROCESS,
		                   .fields = { m->fields.data, m->fields.len } };
	m->event = (struct event){ .origin = o, .wall_us = wall_us, .entry = &m->entry };
	cr_assert_eq(buf_err(&m->fields), 0);
}

/* session 0: none yet */
static struct made *audit(struct made *m, const struct origin *o, uint64_t type, uint64_t pid,
                          uint64_t session, uint64_t wall_us)
{
	buf_reset(&m->fields);
	cbor_put_map(&m->fields, session ? 6 : 4);
	cbor_put_uint(&m->fields, AUDIT_TYPE);
	cbor_put_uint(&m->fields, type);
	cbor_put_uint(&m->fields, AUDIT_PID);
	cbor_put_uint(&m->fields, pid);
	if (session) {
		cbor_put_uint(&m->fields, AUDIT_LOGINUID);
		cbor_put_uint(&m->fields, 1000);
		cbor_put_uint(&m->fields, AUDIT_SESSION);
		cbor_put_uint(&m->fields, session);
	}
	word(&m->fields, AUDIT_ACCOUNT, "alice");
	word(&m->fields, AUDIT_ADDRESS, "192.0.2.7");
	finish(m, o, KIND_AUDIT_LOGIN, wall_us);
	return m;
}

static struct made *plain(struct made *m, uint64_t kind, uint64_t wall_us)
{
	buf_reset(&m->fields);
	cbor_put_map(&m->fields, 0);
	finish(m, &web, kind, wall_us);
	return m;
}

static void hold(struct session *s, struct made *m, const char *text)
{
	cr_assert(session_is_early(&m->event));
	session_hold(s, &m->event, span_str(text));
}

static const char *accounts(const struct session *s, bool json, struct buf *b)
{
	buf_reset(b);
	session_put_accounts(s, b, json);
	buf_put_u8(b, 0);
	cr_assert_eq(buf_err(b), 0);
	return (const char *)b->data;
}

#define AT(n) (1795507200000000u + (n)*1000000u)

Test(session, what_a_login_told_of_before_it_had_a_number_comes_with_it)
{
	cleanup_session struct session *s = NULL;
	cleanup(made_done) struct made m = { 0 };
	cleanup_buf struct buf out = { 0 };
	cr_assert_eq(session_new(3, &s), 0);
	hold(s, audit(&m, &web, 1100, 50, 0, AT(0)), "auth\n");
	hold(s, audit(&m, &web, 1101, 51, 0, AT(0)), "another login\n");
	hold(s, audit(&m, &db, 1101, 50, 0, AT(0)), "another host\n");
	hold(s, audit(&m, &web, 1101, 50, 0, AT(1)), "acct\n");
	cr_assert_eq(session_take(s, &audit(&m, &web, 1006, 50, 3, AT(2))->event, &out), 2);
	cr_assert_eq(out.len, 10);
	cr_assert_arr_eq(out.data, "auth\nacct\n", 10);
	cr_assert_eq(session_take(s, &audit(&m, &web, 1006, 50, 3, AT(3))->event, &out), 0, "once");
}

Test(session, what_is_long_ago_was_another_process)
{
	cleanup_session struct session *s = NULL;
	cleanup(made_done) struct made m = { 0 };
	cleanup_buf struct buf out = { 0 };
	cr_assert_eq(session_new(3, &s), 0);
	hold(s, audit(&m, &web, 1100, 50, 0, AT(0)), "auth\n");
	cr_assert_eq(session_take(s, &audit(&m, &web, 1006, 50, 3, AT(601))->event, &out), 0);
}

Test(session, its_account_has_who_from_where_how_much_and_its_end)
{
	cleanup_session struct session *s = NULL;
	cleanup(made_done) struct made m = { 0 };
	cleanup_buf struct buf out = { 0 };
	cr_assert_eq(session_new(3, &s), 0);
	session_take(s, &audit(&m, &web, 1006, 50, 3, AT(0))->event, &out);
	session_take(s, &audit(&m, &web, 1105, 50, 3, AT(1))->event, &out);
	session_take(s, &plain(&m, KIND_EXEC, AT(2))->event, &out);
	session_take(s, &plain(&m, KIND_READ, AT(3))->event, &out);
	session_take(s, &audit(&m, &web, 1106, 77, 3, AT(4))->event, &out);
	cr_assert_not_null(strstr(accounts(s, false, &out), "no end seen"),
	                   "the end of sudo is not the session's");
	session_take(s, &audit(&m, &web, 1106, 50, 3, AT(5))->event, &out);
	session_take(s, &plain(&m, KIND_EXEC, AT(6))->event, &out);
	cr_assert_str_eq(accounts(s, false, &out),
	                 "session 3 on web: auid=1000 account=alice from 192.0.2.7, login "
	                 "2026-11-24T08:00:00.000000Z, end "
	                 "2026-11-24T08:00:05.000000Z, 2 commands, 1 labelled reads\n");
	cr_assert_str_eq(
	        accounts(s, true, &out),
	        "{\"session\":3,\"host\":\"web\",\"login_seen\":true,\"auid\":1000,\"account\":\"alice\","
	        "\"address\":\"192.0.2.7\",\"begin\":\"2026-11-24T08:00:00.000000Z\","
	        "\"last\":\"2026-11-24T08:00:05.000000Z\",\"ended\":true,\"commands\":2,\"labelled_reads\":1}"
	        "\n");
}

Test(session, what_comes_before_its_login_in_the_log_and_not_in_time_is_of_the_same_account)
{
	cleanup_session struct session *s = NULL;
	cleanup(made_done) struct made m = { 0 };
	cleanup_buf struct buf out = { 0 };
	cr_assert_eq(session_new(3, &s), 0);
	session_take(s, &plain(&m, KIND_EXEC, AT(1))->event, &out);
	session_take(s, &audit(&m, &web, 1006, 50, 3, AT(1) - 4000)->event, &out);
	session_take(s, &plain(&m, KIND_EXEC, AT(2))->event, &out);
	cr_assert_str_eq(accounts(s, false, &out),
	                 "session 3 on web: auid=1000 account=alice from 192.0.2.7, login "
	                 "2026-11-24T08:00:00.996000Z, no end seen, last "
	                 "2026-11-24T08:00:02.000000Z, 2 commands, 0 labelled reads\n");
}

Test(session, each_login_with_the_number_has_an_account_of_its_own)
{
	cleanup_session struct session *s = NULL;
	cleanup(made_done) struct made m = { 0 };
	cleanup_buf struct buf out = { 0 };
	cr_assert_eq(session_new(3, &s), 0);
	session_take(s, &plain(&m, KIND_EXEC, AT(0))->event, &out);
	session_take(s, &audit(&m, &web, 1006, 50, 3, AT(11))->event, &out);
	session_take(s, &audit(&m, &db, 1006, 50, 3, AT(12))->event, &out);
	session_take(s, &plain(&m, KIND_EXEC, AT(13))->event, &out);
	const char *text = accounts(s, false, &out);
	size_t lines = 0;
	for (const char *at = text; *at; at++)
		lines += *at == '\n';
	cr_assert_eq(lines, 3);
	cr_assert_not_null(strstr(text, "first seen 2026-11-24T08:00:00"));
	cr_assert_not_null(strstr(text, "session 3 on db:"));
}

Test(session, files_changed_are_not_part_of_the_account)
{
	cleanup(made_done) struct made m = { 0 };
	cr_assert(session_tells(&plain(&m, KIND_EXEC, 0)->event));
	cr_assert(session_tells(&plain(&m, KIND_READ, 0)->event));
	cr_assert_not(session_tells(&plain(&m, KIND_OPEN, 0)->event));
	cr_assert_not(session_tells(&plain(&m, KIND_PROCESS, 0)->event));
}

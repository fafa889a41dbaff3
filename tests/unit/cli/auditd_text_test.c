#include "cli/auditd_text.h"

#include <criterion/criterion.h>

#include "lib/cbor.h"

static const struct origin web = { .fleet = "acme", .host = "web", .epoch = 2 };

static const struct actor actor = { .pid = 812,
	                            .ppid = 1,
	                            .has_uids = true,
	                            .uids = { 1, 2, 3, 4 },
	                            .has_gids = true,
	                            .gids = { 5, 6, 7, 8 },
	                            .has_auid = true,
	                            .auid = 1000,
	                            .has_session = true,
	                            .session = 3,
	                            .comm = "my vim",
	                            .tty = "pts0",
	                            .exe = "/usr/bin/vim" };

/* The records of an event of one kind whose fields are `f`, as a string. */
static bool records_of(uint64_t kind, const struct buf *f, const struct actor *a, struct buf *ret)
{
	struct entry entry = { .kind = kind,
		               .process = a ? 7 : ENTRY_NO_PROCESS,
		               .fields = { f->data, f->len } };
	struct event e = {
		.origin = &web, .index = 41, .wall_us = 1795507200012345, .entry = &entry, .actor = a
	};
	cr_assert_eq(f->err, 0);
	bool put = event_put_auditd(ret, &e, MACHINE_X86_64);
	buf_put_u8(ret, 0);
	cr_assert_eq(ret->err, 0);
	return put;
}

static void put_text(struct buf *b, const char *s)
{
	cbor_put_bytes(b, s, strlen(s));
}

#define TEXT(b) ((const char *)(b).data)
#define STAMP   " msg=audit(1795507200.012:2147483689): "

Test(auditd_text, a_file_event_is_a_system_call_with_its_path)
{
	cleanup_buf struct buf f = { 0 }, out = { 0 };
	cbor_put_map(&f, 4);
	cbor_put_uint(&f, FILE_PATH);
	put_text(&f, "/etc/a file");
	cbor_put_uint(&f, FILE_RESULT);
	cbor_put_int(&f, -13);
	cbor_put_uint(&f, FILE_DEVICE);
	cbor_put_uint(&f, 8 << 20 | 17);
	cbor_put_uint(&f, FILE_INODE);
	cbor_put_uint(&f, 99);
	cr_assert(records_of(KIND_OPEN, &f, &actor, &out));
	cr_assert_str_eq(
	        TEXT(out),
	        "node=web type=SYSCALL" STAMP "arch=c000003e syscall=257 success=no exit=-13 a0=0 a1=0 a2=0 "
	        "a3=0 items=1 ppid=1 pid=812 auid=1000 uid=1 gid=5 euid=2 suid=3 fsuid=4 egid=6 sgid=7 "
	        "fsgid=8 tty=pts0 ses=3 comm=6D792076696D exe=\"/usr/bin/vim\" key=(null)\n"
	        "node=web type=PATH" STAMP
	        "item=0 name=2F6574632F612066696C65 inode=99 dev=08:11 nametype=NORMAL\n"
	        "node=web type=EOE" STAMP "\n");
}

Test(auditd_text, labels_are_keys)
{
	cleanup_buf struct buf f = { 0 }, out = { 0 };
	cbor_put_map(&f, 2);
	cbor_put_uint(&f, FILE_PATH);
	put_text(&f, "/srv/phi/a");
	cbor_put_uint(&f, FILE_LABELS);
	cbor_put_array(&f, 1);
	put_text(&f, "phi");
	cr_assert(records_of(KIND_READ, &f, &actor, &out));
	cr_assert_not_null(strstr(TEXT(out), " syscall=257 success=yes "), "%s", TEXT(out));
	cr_assert_not_null(strstr(TEXT(out), " key=\"phi\"\n"), "%s", TEXT(out));
	buf_reset(&f);
	buf_reset(&out);
	cbor_put_map(&f, 1);
	cbor_put_uint(&f, FILE_LABELS);
	cbor_put_array(&f, 2);
	put_text(&f, "a");
	put_text(&f, "b");
	cr_assert(records_of(KIND_MMAP, &f, &actor, &out));
	cr_assert_not_null(strstr(TEXT(out), " items=0 "), "%s", TEXT(out));
	cr_assert_not_null(strstr(TEXT(out), " key=610162\n"), "%s", TEXT(out));
}

Test(auditd_text, an_address_is_a_socket_address)
{
	cleanup_buf struct buf f = { 0 }, out = { 0 };
	const uint8_t ip[] = { 192, 0, 2, 1 };
	cbor_put_map(&f, 3);
	cbor_put_uint(&f, SYSTEM_FAMILY);
	cbor_put_uint(&f, 2);
	cbor_put_uint(&f, SYSTEM_ADDRESS);
	cbor_put_bytes(&f, ip, sizeof(ip));
	cbor_put_uint(&f, SYSTEM_PORT);
	cbor_put_uint(&f, 443);
	cr_assert(records_of(KIND_CONNECT, &f, &actor, &out));
	cr_assert_not_null(
	        strstr(TEXT(out), "type=SOCKADDR" STAMP "saddr=020001BBC00002010000000000000000\n"), "%s",
	        TEXT(out));
	cr_assert_null(strstr(TEXT(out), "type=PATH"));
}

Test(auditd_text, who_is_not_known_is_unset)
{
	cleanup_buf struct buf f = { 0 }, out = { 0 };
	cbor_put_map(&f, 3);
	cbor_put_uint(&f, FILE_PATH);
	put_text(&f, "/a");
	cbor_put_uint(&f, FILE_MARKS);
	cbor_put_uint(&f, ENTRY_MARK_COMPAT);
	cbor_put_uint(&f, FILE_SYSCALL);
	cbor_put_uint(&f, 15);
	cr_assert(records_of(KIND_CHMOD, &f, NULL, &out));
	cr_assert_not_null(strstr(TEXT(out), "arch=40000003 syscall=15 success=yes exit=0 "), "%s",
	                   TEXT(out));
	cr_assert_not_null(strstr(TEXT(out), " ppid=0 pid=0 auid=4294967295 uid=4294967295 gid=4294967295 "));
	cr_assert_not_null(strstr(TEXT(out), " tty=(none) ses=4294967295 comm=(null) exe=(null) key="));
}

Test(auditd_text, an_exec_names_itself_and_a_terminal_cannot_forge_a_field)
{
	cleanup_buf struct buf f = { 0 }, out = { 0 };
	cbor_put_map(&f, 4);
	cbor_put_uint(&f, PROCESS_PID);
	cbor_put_uint(&f, 5);
	cbor_put_uint(&f, PROCESS_EXE);
	put_text(&f, "/bin/\"\n");
	cbor_put_uint(&f, PROCESS_ARGV);
	cbor_put_array(&f, 2);
	put_text(&f, "a");
	put_text(&f, "");
	cbor_put_uint(&f, PROCESS_TTY);
	put_text(&f, "x uid=0");
	cr_assert(records_of(KIND_EXEC, &f, &actor, &out));
	cr_assert_not_null(strstr(TEXT(out), " syscall=59 "));
	cr_assert_not_null(strstr(TEXT(out), " pid=5 "));
	cr_assert_not_null(strstr(TEXT(out), " tty=? "));
	cr_assert_not_null(strstr(TEXT(out), "type=EXECVE" STAMP "argc=2 a0=\"a\" a1=\"\"\n"));
	cr_assert_not_null(strstr(TEXT(out), " name=2F62696E2F220A "));
}

static void put_audit(struct buf *f, const char *text, uint64_t marks)
{
	cbor_put_map(f, 2);
	cbor_put_uint(f, AUDIT_RECORDS);
	cbor_put_array(f, 1);
	cbor_put_array(f, 2);
	cbor_put_uint(f, 1300);
	put_text(f, text);
	cbor_put_uint(f, AUDIT_MARKS);
	cbor_put_uint(f, marks);
}

Test(auditd_text, an_audit_record_stands_as_it_came_but_cannot_begin_another)
{
	cleanup_buf struct buf f = { 0 }, out = { 0 };
	put_audit(&f, "audit(1.002:3): comm=\"\t\" x\ntype=EOE", 0);
	cr_assert(records_of(KIND_AUDIT_OTHER, &f, NULL, &out));
	cr_assert_str_eq(TEXT(out), "node=web type=SYSCALL msg=audit(1.002:3): comm=\"\t\" x type=EOE\n"
	                            "node=web type=EOE msg=audit(1.002:3): \n");
	buf_reset(&f);
	buf_reset(&out);
	put_audit(&f,
	          "audit(1.002:3): a=\x1b]0;x\a\r\x7f\x1d"
	          "UID=\"u\"",
	          ENTRY_MARK_INCOMPLETE);
	cr_assert(records_of(KIND_AUDIT_OTHER, &f, NULL, &out));
	cr_assert_str_eq(TEXT(out), "node=web type=SYSCALL msg=audit(1.002:3): a= ]0;x   \x1d"
	                            "UID=\"u\"\n");
}

Test(auditd_text, an_incomplete_event_gets_no_end_mark)
{
	cleanup_buf struct buf f = { 0 }, out = { 0 };
	put_audit(&f, "audit(1.002:3): pid=1", ENTRY_MARK_INCOMPLETE);
	cr_assert(records_of(KIND_AUDIT_OTHER, &f, NULL, &out));
	cr_assert_str_eq(TEXT(out), "node=web type=SYSCALL msg=audit(1.002:3): pid=1\n");
}

Test(auditd_text, what_has_no_form_appends_nothing)
{
	cleanup_buf struct buf f = { 0 }, out = { 0 };
	cbor_put_map(&f, 0);
	cr_expect_not(records_of(KIND_EXIT, &f, &actor, &out));
	cr_expect_not(records_of(KIND_AUDIT_OTHER, &f, &actor, &out));
	cr_expect_eq(out.len, 2);
}

Test(auditd_text, long_arguments_go_over_several_records)
{
	cleanup_buf struct buf f = { 0 }, out = { 0 };
	char arg[9000];
	memset(arg, 'x', sizeof(arg));
	cbor_put_map(&f, 1);
	cbor_put_uint(&f, PROCESS_ARGV);
	cbor_put_array(&f, 2);
	put_text(&f, "a");
	cbor_put_bytes(&f, arg, sizeof(arg));
	cr_assert(records_of(KIND_EXEC, &f, NULL, &out));
	cr_assert_not_null(strstr(TEXT(out), "argc=2 a0=\"a\"\n"));
	cr_assert_not_null(strstr(TEXT(out), " a1_len=9000 a1[0]=\"xxx"));
	cr_assert_not_null(strstr(TEXT(out), STAMP " a1[1]=\"xxx"), "%s", TEXT(out) + 7000);
}

#include "cli/event_text.h"

#include <criterion/criterion.h>

#include "evidence/sensor.h"
#include "lib/cbor.h"

static const struct origin web = { .fleet = "acme", .host = "web", .epoch = 2 };

/* An event of one kind whose fields are `f`. */
static void line_of(uint64_t kind, const struct buf *f, const struct actor *actor, bool json, struct buf *ret)
{
	struct entry entry = { .kind = kind,
		               .sensors = SENSOR_BPF_LSM | SENSOR_AUDIT,
		               .process = actor ? 7 : ENTRY_NO_PROCESS,
		               .fields = { f->data, f->len } };
	struct event e = { .origin = &web,
		           .index = 41,
		           .wall_us = 1795507200000001,
		           .boot_us = 9,
		           .entry = &entry,
		           .actor = actor };
	cr_assert_eq(f->err, 0);
	buf_reset(ret);
	if (json)
		event_put_json(ret, &e);
	else
		event_put_line(ret, &e, 0);
	buf_put_u8(ret, 0);
	cr_assert_eq(ret->err, 0);
}

static void put_text(struct buf *b, const char *s)
{
	cbor_put_bytes(b, s, strlen(s));
}

#define LINE(b) ((const char *)(b).data)

Test(event_text, a_change_at_a_sensor_is_told_in_words_and_hashes_are_hex)
{
	cleanup_buf struct buf f = { 0 }, out = { 0 };
	static const uint8_t hash[4] = { 0, 0x1f, 0xff, 'a' };
	cbor_put_map(&f, 4);
	cbor_put_uint(&f, CHANGE_WHAT);
	cbor_put_uint(&f, CHANGE_RULES);
	cbor_put_uint(&f, CHANGE_NAME);
	put_text(&f, "all");
	cbor_put_uint(&f, CHANGE_FROM);
	cbor_put_array(&f, 2);
	cbor_put_uint(&f, 2);
	cbor_put_bytes(&f, hash, sizeof(hash));
	cbor_put_uint(&f, CHANGE_TO);
	cbor_put_null(&f);
	line_of(KIND_SENSOR, &f, NULL, false, &out);
	cr_assert_str_eq(LINE(out), "2026-11-24T08:00:00.000001Z web sensor audit rules name=all "
	                            "from=[2,001fff61] to=-\n");
}

Test(event_text, a_disagreement_names_the_sensors)
{
	cleanup_buf struct buf f = { 0 }, out = { 0 };
	cbor_put_map(&f, 3);
	cbor_put_uint(&f, DISAGREEMENT_WHAT);
	cbor_put_uint(&f, KIND_EXEC);
	cbor_put_uint(&f, DISAGREEMENT_SEEN);
	cbor_put_uint(&f, SENSOR_AUDIT);
	cbor_put_uint(&f, DISAGREEMENT_MISSED);
	cbor_put_uint(&f, SENSOR_BPF_TRACEPOINT);
	line_of(KIND_DISAGREEMENT, &f, NULL, false, &out);
	cr_assert_str_eq(LINE(out), "2026-11-24T08:00:00.000001Z web disagreement exec seen_by=audit "
	                            "missed_by=bpf_tracepoint\n");
	line_of(KIND_DISAGREEMENT, &f, NULL, true, &out);
	cr_assert_not_null(strstr(LINE(out), "\"seen_by\":[\"audit\"]"));
}

Test(event_text, a_file_event_names_path_result_flags_and_who_did_it)
{
	cleanup_buf struct buf f = { 0 }, out = { 0 };
	struct actor a = { .pid = 812,
		           .has_uid = true,
		           .uid = 0,
		           .has_auid = true,
		           .auid = 1000,
		           .has_session = true,
		           .session = 3,
		           .exe = "/usr/bin/vim" };
	cbor_put_map(&f, 5);
	cbor_put_uint(&f, FILE_PATH);
	put_text(&f, "/etc/passwd");
	cbor_put_uint(&f, FILE_RESULT);
	cbor_put_int(&f, -13);
	cbor_put_uint(&f, FILE_FLAGS);
	cbor_put_uint(&f, 01 | 0100 | 01000);
	cbor_put_uint(&f, FILE_MODE);
	cbor_put_uint(&f, 0644);
	cbor_put_uint(&f, FILE_MARKS);
	cbor_put_uint(&f, ENTRY_MARK_UNSURE | ENTRY_MARK_COMPAT);
	line_of(KIND_OPEN, &f, &a, false, &out);
	cr_assert_str_eq(LINE(out),
	                 "2026-11-24T08:00:00.000001Z web open /etc/passwd result=-EACCES "
	                 "flags=O_WRONLY|O_CREAT|O_TRUNC mode=0644 marks=shared_file_table|compat_syscall "
	                 "by pid=812 exe=/usr/bin/vim uid=0 auid=1000 session=3\n");
	line_of(KIND_OPEN, &f, &a, true, &out);
	cr_assert_str_eq(
	        LINE(out),
	        "{\"host\":\"web\",\"epoch\":2,\"index\":41,\"time\":\"2026-11-24T08:00:00.000001Z\","
	        "\"wall_us\":1795507200000001,\"boot_us\":9,\"kind\":\"open\",\"sensors\":[\"bpf_lsm\","
	        "\"audit\"],"
	        "\"actor\":{\"index\":7,\"pid\":812,\"exe\":\"/usr/bin/"
	        "vim\",\"uid\":0,\"auid\":1000,\"session\":3},"
	        "\"fields\":{\"path\":\"/etc/passwd\",\"result\":-13,\"flags\":577,\"mode\":420,"
	        "\"marks\":[\"shared_file_table\",\"compat_syscall\"]}}\n");
}

Test(event_text, a_path_can_neither_steer_a_terminal_nor_forge_a_line)
{
	cleanup_buf struct buf f = { 0 }, out = { 0 };
	cbor_put_map(&f, 1);
	cbor_put_uint(&f, FILE_PATH);
	put_text(&f, "/tmp/\033[31m\n2026 web open /x\" by\xe2\x80\xae");
	line_of(KIND_UNLINK, &f, NULL, false, &out);
	cr_assert_str_eq(LINE(out), "2026-11-24T08:00:00.000001Z web unlink "
	                            "\"/tmp/\\x1b[31m\\n2026 web open /x\\\" by\\xe2\\x80\\xae\"\n");
	line_of(KIND_UNLINK, &f, NULL, true, &out);
	cr_assert(strstr(LINE(out), "\"path\":\"/tmp/\\u001b[31m\\u000a2026 web open /x\\\" by\\u202e\""));
}

Test(event_text, bytes_that_are_not_utf_8_are_hex_in_json)
{
	cleanup_buf struct buf f = { 0 }, out = { 0 };
	cbor_put_map(&f, 1);
	cbor_put_uint(&f, FILE_PATH);
	put_text(&f, "/\xff");
	line_of(KIND_MKDIR, &f, NULL, true, &out);
	cr_assert(strstr(LINE(out), "\"path\":{\"hex\":\"2fff\"}"));
}

Test(event_text, kinds_and_fields_that_nobody_knows_yet_are_shown_by_number)
{
	cleanup_buf struct buf f = { 0 }, out = { 0 };
	cbor_put_map(&f, 2);
	cbor_put_uint(&f, 3);
	cbor_put_array(&f, 2);
	cbor_put_null(&f);
	cbor_put_bool(&f, true);
	cbor_put_uint(&f, 9);
	cbor_put_map(&f, 1);
	cbor_put_uint(&f, 1);
	put_text(&f, "x");
	line_of(7000, &f, NULL, false, &out);
	cr_assert(strstr(LINE(out), " kind_7000 field_3=[-,yes] field_9={1:x}\n"));
	line_of(7000, &f, NULL, true, &out);
	cr_assert(strstr(LINE(out), "\"kind\":7000,"));
	cr_assert(strstr(LINE(out), "\"fields\":{\"field_3\":[null,true],\"field_9\":{\"1\":\"x\"}}"));
}

Test(event_text, a_field_of_another_type_than_documented_is_shown_as_it_is)
{
	cleanup_buf struct buf f = { 0 }, out = { 0 };
	cbor_put_map(&f, 2);
	cbor_put_uint(&f, FILE_RESULT);
	put_text(&f, "lies");
	cbor_put_uint(&f, FILE_MARKS);
	cbor_put_array(&f, 0);
	line_of(KIND_RENAME, &f, NULL, false, &out);
	cr_assert(strstr(LINE(out), " rename result=lies marks=[]\n"));
}

Test(event_text, losses_and_the_agent_s_words_have_names)
{
	cleanup_buf struct buf f = { 0 }, out = { 0 };
	cbor_put_map(&f, 3);
	cbor_put_uint(&f, LOSS_REASON);
	cbor_put_uint(&f, LOSS_PIPE_FULL);
	cbor_put_uint(&f, LOSS_COUNT);
	cbor_put_uint(&f, 12);
	cbor_put_uint(&f, LOSS_EXACTNESS);
	cbor_put_uint(&f, LOWER_BOUND);
	line_of(KIND_LOSS, &f, NULL, false, &out);
	cr_assert(strstr(LINE(out), " loss pipe_full count=12 exactness=lower_bound\n"));
}

static void take_process(struct actors *a, uint64_t index, uint64_t pid)
{
	cleanup_buf struct buf f = { 0 };
	cbor_put_map(&f, 4);
	cbor_put_uint(&f, PROCESS_PID);
	cbor_put_uint(&f, pid);
	cbor_put_uint(&f, PROCESS_EXE);
	put_text(&f, "/bin/sh");
	cbor_put_uint(&f, PROCESS_UIDS);
	cbor_put_array(&f, 4);
	for (uint64_t i = 0; i < 4; i++)
		cbor_put_uint(&f, 100 + i);
	cbor_put_uint(&f, PROCESS_LOGINUID);
	cbor_put_uint(&f, 1000);
	struct entry e = { .kind = KIND_EXEC, .process = ENTRY_NO_PROCESS, .fields = { f.data, f.len } };
	actors_take(a, &web, index, &e);
}

Test(actor, processes_are_found_by_log_and_index)
{
	cleanup_actors struct actors *a = NULL;
	struct origin other = web;
	cr_assert_eq(actors_new(&a), 0);
	take_process(a, 7, 70);
	take_process(a, 9, 90);
	const struct actor *found = actors_find(a, &web, 9);
	cr_assert(found);
	cr_assert_eq(found->pid, 90);
	cr_assert_eq(found->uid, 101);
	cr_assert_eq(found->auid, 1000);
	cr_assert_not(found->has_session);
	cr_assert_str_eq(found->exe, "/bin/sh");
	other.epoch++;
	cr_assert_null(actors_find(a, &other, 9));
	cr_assert_null(actors_find(a, &web, 8));
}

Test(actor, the_oldest_are_forgotten_when_there_are_too_many)
{
	cleanup_actors struct actors *a = NULL;
	cr_assert_eq(actors_new(&a), 0);
	for (uint64_t i = 0; i < (1u << 18) + 10; i++)
		take_process(a, i, i);
	cr_assert_null(actors_find(a, &web, 9));
	cr_assert_eq(actors_find(a, &web, 10)->pid, 10);
	cr_assert_eq(actors_find(a, &web, (1u << 18) + 9)->pid, (1u << 18) + 9);
}

Test(event_text, an_access_control_list_is_named_as_such)
{
	cleanup_buf struct buf f = { 0 }, out = { 0 };
	cbor_put_map(&f, 2);
	cbor_put_uint(&f, FILE_PATH);
	put_text(&f, "/srv");
	cbor_put_uint(&f, FILE_NAME);
	put_text(&f, "system.posix_acl_default");
	line_of(KIND_SETXATTR, &f, NULL, false, &out);
	cr_assert_not_null(strstr(LINE(out), " setxattr /srv name=system.posix_acl_default acl=default\n"));
	line_of(KIND_REMOVEXATTR, &f, NULL, true, &out);
	cr_assert_not_null(strstr(LINE(out), "\"name\":\"system.posix_acl_default\",\"acl\":\"default\"}"));
	line_of(KIND_OPEN, &f, NULL, false, &out);
	cr_assert_null(strstr(LINE(out), "acl="));
}

Test(event_text, repeats_say_of_what_and_how_many)
{
	cleanup_buf struct buf f = { 0 }, out = { 0 };
	cbor_put_map(&f, 3);
	cbor_put_uint(&f, FILE_PATH);
	put_text(&f, "/srv/x");
	cbor_put_uint(&f, FILE_COUNT);
	cbor_put_uint(&f, 999);
	cbor_put_uint(&f, FILE_REPEATED);
	cbor_put_uint(&f, KIND_OPEN);
	line_of(KIND_REPEATS, &f, NULL, false, &out);
	cr_assert_not_null(strstr(LINE(out), " repeats /srv/x count=999 of=open\n"));
	line_of(KIND_REPEATS, &f, NULL, true, &out);
	cr_assert_not_null(strstr(LINE(out), "\"kind\":\"repeats\""));
	cr_assert_not_null(strstr(LINE(out), "\"path\":\"/srv/x\",\"count\":999,\"of\":\"open\"}"));
}

Test(event_text, system_calls_are_told_in_words)
{
	cleanup_buf struct buf f = { 0 }, out = { 0 };
	cbor_put_map(&f, 3);
	cbor_put_uint(&f, FILE_RESULT);
	cbor_put_int(&f, -1);
	cbor_put_uint(&f, SYSTEM_PID);
	cbor_put_int(&f, 77);
	cbor_put_uint(&f, SYSTEM_OPTION);
	cbor_put_uint(&f, 16);
	line_of(KIND_PTRACE, &f, NULL, false, &out);
	cr_assert_not_null(strstr(LINE(out), " ptrace result=-EPERM target_pid=77 request=PTRACE_ATTACH\n"));
	line_of(KIND_BPF, &f, NULL, true, &out);
	cr_assert_not_null(strstr(LINE(out), "\"kind\":\"bpf\""));
	cr_assert_not_null(strstr(LINE(out), "\"command\":16}"));
}

Test(event_text, addresses_are_told_as_people_write_them)
{
	cleanup_buf struct buf f = { 0 }, out = { 0 };
	cbor_put_map(&f, 3);
	cbor_put_uint(&f, SYSTEM_FAMILY);
	cbor_put_uint(&f, 2);
	cbor_put_uint(&f, SYSTEM_ADDRESS);
	cbor_put_bytes(&f, "\x7f\0\0\1", 4);
	cbor_put_uint(&f, SYSTEM_PORT);
	cbor_put_uint(&f, 443);
	line_of(KIND_CONNECT, &f, NULL, false, &out);
	cr_assert_not_null(strstr(LINE(out), " connect 127.0.0.1 family=AF_INET port=443\n"));
	line_of(KIND_CONNECT, &f, NULL, true, &out);
	cr_assert_not_null(
	        strstr(LINE(out), "{\"family\":\"AF_INET\",\"address\":\"127.0.0.1\",\"port\":443}"));
}

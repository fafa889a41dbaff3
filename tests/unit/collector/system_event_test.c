#include "collector/system_event.h"

#include "tests/unit/collector/records.h"

#include <linux/prctl.h>
#include <sys/syscall.h>

static struct made m;
static struct file_event event;

static struct bpf_file_record *make(long call, uint8_t kind)
{
	return made_file(&m, 10, (uint32_t)call, kind);
}

static void data(struct bpf_file_record *r, const void *bytes, size_t len)
{
	made_string(&m, &r->strings[BPF_FILE_DATA], bytes, len, 0);
}

static struct span encode(const struct process_ids *before)
{
	struct bpf_view view = made_view(&m);
	cr_assert_eq(file_event_read(&event, &view), 0);
	cr_assert(system_event_is(event.kind));
	struct span fields = system_event_encode(&event, &view, before);
	struct cursor c;
	cr_assert_gt(fields.len, 0);
	cursor_init(&c, fields.data, fields.len);
	cbor_skip(&c);
	cr_assert_eq(cursor_finish(&c), 0);
	return fields;
}

static bool list_is(struct span map, uint64_t key, const int64_t *values, size_t count)
{
	struct cursor c;
	if (!field(map, key, &c) || cbor_array(&c) != count)
		return false;
	for (size_t i = 0; i < count; i++)
		if (cbor_int(&c) != values[i])
			return false;
	return !c.err;
}

#define LIST_IS(map, key, ...)                                                                               \
	list_is(map, key, (const int64_t[]){ __VA_ARGS__ },                                                  \
	        sizeof((const int64_t[]){ __VA_ARGS__ }) / sizeof(int64_t))

static void teardown(void)
{
	file_event_done(&event);
}

TestSuite(system_event, .fini = teardown);

Test(system_event, a_change_of_uid_tells_before_after_and_what_was_asked)
{
	struct bpf_file_record *r = make(SYS_setresuid, KIND_CREDENTIALS);
	struct process_ids before = { .ids = { [BPF_UID] = 1000, [BPF_SUID] = 5 } };
	r->args[0] = 0xffffffff;
	r->args[1] = 33;
	r->args[2] = UINT64_MAX;
	r->head.ids[BPF_UID] = 1;
	r->head.ids[BPF_EUID] = 2;
	r->head.ids[BPF_SUID] = 3;
	r->head.ids[BPF_FSUID] = 4;
	struct span f = encode(&before);
	cr_assert(field_int(f, SYSTEM_OPERATION, CREDENTIALS_UID));
	cr_assert(field_int(f, FILE_RESULT, 0));
	cr_assert(LIST_IS(f, SYSTEM_OLD_UIDS, 1000, 0, 5, 0));
	cr_assert(LIST_IS(f, SYSTEM_NEW_UIDS, 1, 2, 3, 4));
	cr_assert(LIST_IS(f, SYSTEM_ASKED, -1, 33, -1));
	cr_assert(field_absent(f, SYSTEM_NEW_GIDS));
	cr_assert(field_absent(f, FILE_MARKS));
	cr_assert(field_absent(f, FILE_PATH));
}

Test(system_event, who_a_process_was_is_left_out_where_it_is_not_known)
{
	make(SYS_setgid, KIND_CREDENTIALS)->head.ids[BPF_EGID] = 7;
	struct span f = encode(NULL);
	cr_assert(field_int(f, SYSTEM_OPERATION, CREDENTIALS_GID));
	cr_assert(field_absent(f, SYSTEM_OLD_GIDS));
	cr_assert(LIST_IS(f, SYSTEM_NEW_GIDS, 0, 7, 0, 0));
}

#if defined(__x86_64__)
Test(system_event, a_16_bit_call_has_its_own_minus_one)
{
	struct bpf_file_record *r = make(70, KIND_CREDENTIALS); /* setreuid of i386 */
	r->marks = BPF_MARK_COMPAT;
	r->args[0] = 0x1ffff;
	r->args[1] = 33;
	struct span f = encode(NULL);
	cr_assert(LIST_IS(f, SYSTEM_ASKED, -1, 33));
	cr_assert(field_int(f, FILE_MARKS, ENTRY_MARK_COMPAT));
}
#endif

Test(system_event, groups_are_listed_and_counted)
{
	static const uint32_t groups[] = { 4, 0, 999 };
	struct bpf_file_record *r = make(SYS_setgroups, KIND_CREDENTIALS);
	r->args[0] = 50;
	data(r, groups, sizeof(groups));
	struct span f = encode(NULL);
	cr_assert(LIST_IS(f, SYSTEM_ASKED, 4, 0, 999));
	cr_assert(field_int(f, SYSTEM_COUNT, 50));
}

Test(system_event, capabilities_are_put_together_from_their_halves)
{
	static const uint32_t words[] = { 1, 2, 3, 0x100, 0x200, 0 };
	data(make(SYS_capset, KIND_CREDENTIALS), words, sizeof(words));
	struct span f = encode(NULL);
	cr_assert(LIST_IS(f, SYSTEM_CAPABILITIES, 0x10000000001, 0x20000000002, 3));
}

Test(system_event, capabilities_that_could_not_be_read_are_marked_and_not_made_up)
{
	struct bpf_file_record *r = make(SYS_capset, KIND_CREDENTIALS);
	made_string(&m, &r->strings[BPF_FILE_DATA], "", 0, BPF_MARK_FAULT);
	struct span f = encode(NULL);
	cr_assert(field_absent(f, SYSTEM_CAPABILITIES));
	cr_assert(field_int(f, FILE_MARKS, ENTRY_MARK_FAULT));
}

Test(system_event, prctl_tells_its_option_and_two_arguments)
{
	struct bpf_file_record *r = make(SYS_prctl, KIND_CREDENTIALS);
	r->args[0] = PR_CAP_AMBIENT;
	r->args[1] = 2;
	r->args[2] = 10;
	struct span f = encode(NULL);
	cr_assert(field_int(f, SYSTEM_OPTION, PR_CAP_AMBIENT));
	cr_assert(LIST_IS(f, SYSTEM_ARGUMENTS, 2, 10));
}

Test(system_event, joining_a_namespace_names_its_inode)
{
	struct bpf_file_record *r = make(SYS_setns, KIND_CREDENTIALS);
	r->args[1] = 0x40000000;
	r->inode = 4026531840;
	made_path(&m, &r->strings[BPF_FILE_OBJECT], "/net:", BPF_MARK_DETACHED);
	struct span f = encode(NULL);
	cr_assert(field_int(f, SYSTEM_OPERATION, CREDENTIALS_SETNS));
	cr_assert(field_int(f, FILE_FLAGS, 0x40000000));
	cr_assert(field_int(f, FILE_INODE, 4026531840));
}

Test(system_event, an_exec_that_failed_has_its_file_its_arguments_and_why)
{
	struct bpf_file_record *r = make(SYS_execve, KIND_EXEC_FAILED);
	r->result = -2;
	made_string(&m, &r->strings[BPF_FILE_NAME], "./x", 3, 0);
	made_path(&m, &r->strings[BPF_FILE_BASE], "/home/a", 0);
	made_string(&m, &r->strings[BPF_FILE_DATA], "x\0\0-v\0", 6, BPF_MARK_STRING_TRUNCATED);
	struct span f = encode(NULL);
	cr_assert(field_is(f, FILE_PATH, "/home/a/./x"));
	cr_assert(field_int(f, FILE_RESULT, -2));
	cr_assert(field_int(f, FILE_MARKS, ENTRY_MARK_CLAIM | ENTRY_MARK_ARGV_TRUNCATED));
	struct cursor c;
	cr_assert(field(f, SYSTEM_ARGV, &c));
	cr_assert_eq(cbor_array(&c), 3);
	cr_assert(span_is(cbor_bytes(&c), "x"));
	cr_assert(span_is(cbor_bytes(&c), ""));
	cr_assert(span_is(cbor_bytes(&c), "-v"));
}

#include "collector/system_event.h"

#include "tests/unit/collector/records.h"

#include <linux/bpf.h>
#include <linux/prctl.h>
#include <netinet/in.h>
#include <sys/syscall.h>
#include <sys/un.h>

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

Test(system_event, a_child_with_namespaces_of_its_own_tells_the_flags_that_the_kernel_read)
{
	struct bpf_file_record *r = make(SYS_clone3, KIND_CREDENTIALS);
	r->args[0] = 0x7fff0000;
	r->open_flags = 0x10000000;
	r->result = 77;
	struct span f = encode(NULL);
	cr_assert(field_int(f, SYSTEM_OPERATION, CREDENTIALS_CLONE));
	cr_assert(field_int(f, FILE_FLAGS, 0x10000000));
	cr_assert(field_int(f, FILE_RESULT, 77));
	cr_assert(field_absent(f, FILE_MODE));
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

Test(system_event, a_mount_has_its_place_its_source_and_its_type)
{
	struct bpf_file_record *r = make(SYS_mount, KIND_MOUNT);
	r->args[3] = 2;
	made_string(&m, &r->strings[BPF_FILE_NAME], "/mnt", 4, 0);
	made_path(&m, &r->strings[BPF_FILE_BASE], "/", 0);
	made_string(&m, &r->strings[BPF_FILE_TARGET], "/dev/sda1", 9, 0);
	made_string(&m, &r->strings[BPF_FILE_XATTR], "ext4", 4, 0);
	struct span f = encode(NULL);
	cr_assert(field_int(f, SYSTEM_OPERATION, MOUNT_MOUNT));
	cr_assert(field_is(f, FILE_PATH, "/mnt"));
	cr_assert(field_is(f, FILE_TARGET, "/dev/sda1"));
	cr_assert(field_is(f, FILE_NAME, "ext4"));
	cr_assert(field_int(f, FILE_FLAGS, 2));
}

Test(system_event, a_mount_without_source_and_type_says_nothing_of_them)
{
	struct bpf_file_record *r = make(SYS_mount, KIND_MOUNT);
	made_string(&m, &r->strings[BPF_FILE_NAME], "/mnt", 4, 0);
	made_path(&m, &r->strings[BPF_FILE_BASE], "/", 0);
	struct span f = encode(NULL);
	cr_assert(field_absent(f, FILE_TARGET));
	cr_assert(field_absent(f, FILE_NAME));
	cr_assert(field_int(f, FILE_MARKS, ENTRY_MARK_CLAIM));
}

Test(system_event, a_changed_mount_tells_what_is_set_and_cleared)
{
	static const uint64_t attr[] = { 1, 2, 1 << 18 };
	data(make(SYS_mount_setattr, KIND_MOUNT), attr, sizeof(attr));
	cr_assert(LIST_IS(encode(NULL), SYSTEM_ARGUMENTS, 1, 2, 1 << 18));
}

Test(system_event, ptrace_names_its_request_and_whom_it_is_aimed_at)
{
	struct bpf_file_record *r = make(SYS_ptrace, KIND_PTRACE);
	r->args[0] = 16;
	r->args[1] = 77;
	struct span f = encode(NULL);
	cr_assert(field_int(f, SYSTEM_OPTION, 16));
	cr_assert(field_int(f, SYSTEM_PID, 77));
	cr_assert(field_absent(f, FILE_MARKS));
	r->args[0] = 0;
	cr_assert(field_absent(encode(NULL), SYSTEM_PID));
	make(SYS_process_vm_writev, KIND_PTRACE)->args[0] = 78;
	f = encode(NULL);
	cr_assert(field_int(f, SYSTEM_OPERATION, PTRACE_WRITE_MEMORY));
	cr_assert(field_int(f, SYSTEM_PID, 78));
	cr_assert(field_absent(f, SYSTEM_OPTION));
}

Test(system_event, a_pid_of_another_namespace_is_marked)
{
	struct bpf_file_record *r = make(SYS_ptrace, KIND_PTRACE);
	r->args[0] = 16;
	r->marks = BPF_MARK_PIDS;
	cr_assert(field_int(encode(NULL), FILE_MARKS, ENTRY_MARK_PIDS));
	make(SYS_setuid, KIND_CREDENTIALS)->marks = BPF_MARK_PIDS;
	cr_assert(field_absent(encode(NULL), FILE_MARKS));
}

Test(system_event, a_module_is_named_by_its_file_its_size_or_its_name)
{
	struct bpf_file_record *r = make(SYS_finit_module, KIND_MODULE_LOAD);
	made_path(&m, &r->strings[BPF_FILE_OBJECT], "/lib/x.ko", 0);
	made_string(&m, &r->strings[BPF_FILE_XATTR], "debug=1", 7, 0);
	struct span f = encode(NULL);
	cr_assert(field_is(f, FILE_PATH, "/lib/x.ko"));
	cr_assert(field_is(f, FILE_NAME, "debug=1"));
	cr_assert(field_int(f, SYSTEM_OPERATION, MODULE_FROM_FILE));
	make(SYS_init_module, KIND_MODULE_LOAD)->args[1] = 9000;
	f = encode(NULL);
	cr_assert(field_int(f, SYSTEM_COUNT, 9000));
	cr_assert(field_absent(f, FILE_PATH));
	r = make(SYS_delete_module, KIND_MODULE_UNLOAD);
	made_string(&m, &r->strings[BPF_FILE_XATTR], "x", 1, 0);
	cr_assert(field_is(encode(NULL), FILE_NAME, "x"));
}

Test(system_event, a_bpf_program_has_its_type_its_purpose_and_its_name)
{
	union bpf_attr attr = { .prog_type = 26, .expected_attach_type = 24, .prog_name = "spy" };
	struct bpf_file_record *r = make(SYS_bpf, KIND_BPF);
	r->args[0] = BPF_PROG_LOAD;
	data(r, &attr, BPF_DATA_MAX);
	struct span f = encode(NULL);
	cr_assert(field_int(f, SYSTEM_OPTION, BPF_PROG_LOAD));
	cr_assert(field_int(f, SYSTEM_PROGRAM_TYPE, 26));
	cr_assert(field_int(f, SYSTEM_ATTACH_TYPE, 24));
	cr_assert(field_is(f, SYSTEM_PROGRAM, "spy"));
	/* Of an older caller, whose struct ends before the name. */
	r = make(SYS_bpf, KIND_BPF);
	r->args[0] = BPF_PROG_LOAD;
	data(r, &attr, 48);
	f = encode(NULL);
	cr_assert(field_int(f, SYSTEM_PROGRAM_TYPE, 26));
	cr_assert(field_absent(f, SYSTEM_PROGRAM));
}

Test(system_event, what_is_pinned_has_a_path)
{
	struct bpf_file_record *r = make(SYS_bpf, KIND_BPF);
	r->args[0] = BPF_OBJ_PIN;
	made_string(&m, &r->strings[BPF_FILE_NAME], "/sys/fs/bpf/x", 13, 0);
	made_path(&m, &r->strings[BPF_FILE_BASE], "/", 0);
	cr_assert(field_is(encode(NULL), FILE_PATH, "/sys/fs/bpf/x"));
}

Test(system_event, the_clock_is_told_in_nanoseconds)
{
	static const int64_t time[] = { 1700000000, 999999 };
	struct bpf_file_record *r = make(SYS_clock_settime, KIND_TIME);
	data(r, time, sizeof(time));
	struct span f = encode(NULL);
	cr_assert(LIST_IS(f, SYSTEM_TIME, 1700000000, 999999));
	cr_assert(field_int(f, SYSTEM_OPTION, 0));
	r = make(SYS_settimeofday, KIND_TIME);
	data(r, time, sizeof(time));
	f = encode(NULL);
	cr_assert(LIST_IS(f, SYSTEM_TIME, 1700000000, 999999000));
	cr_assert(field_absent(f, SYSTEM_OPTION));
	static const int64_t hostile[] = { INT64_MIN, INT64_MAX };
	r = make(SYS_settimeofday, KIND_TIME);
	data(r, hostile, sizeof(hostile));
	cr_assert(LIST_IS(encode(NULL), SYSTEM_TIME, INT64_MIN, INT64_MAX));
	static const int32_t narrow[] = { -5, 6 };
	r = make(SYS_clock_settime, KIND_TIME);
	data(r, narrow, sizeof(narrow));
	cr_assert(LIST_IS(encode(NULL), SYSTEM_TIME, -5, 6));
}

Test(system_event, an_adjustment_tells_its_modes)
{
	static const uint32_t modes = 0x8001;
	data(make(SYS_adjtimex, KIND_TIME), &modes, sizeof(modes));
	struct span f = encode(NULL);
	cr_assert(field_int(f, SYSTEM_OPERATION, TIME_ADJUST));
	cr_assert(LIST_IS(f, SYSTEM_ARGUMENTS, 0x8001));
	cr_assert(field_absent(f, SYSTEM_OPTION));
}

Test(system_event, a_signal_has_its_number_and_its_receiver)
{
	struct bpf_file_record *r = make(SYS_tgkill, KIND_SIGNAL);
	r->args[0] = 10;
	r->args[1] = 11;
	r->args[2] = 9;
	struct span f = encode(NULL);
	cr_assert(field_int(f, SYSTEM_OPERATION, SIGNAL_THREAD));
	cr_assert(field_int(f, SYSTEM_PID, 10));
	cr_assert(field_int(f, SYSTEM_SIGNAL, 9));
	r = make(SYS_kill, KIND_SIGNAL);
	r->args[0] = (uint64_t)-10;
	cr_assert(field_int(encode(NULL), SYSTEM_PID, -10));
	r = make(SYS_pidfd_send_signal, KIND_SIGNAL);
	r->args[1] = 15;
	r->args[5] = 12;
	f = encode(NULL);
	cr_assert(field_int(f, SYSTEM_PID, 12));
	cr_assert(field_int(f, SYSTEM_SIGNAL, 15));
}

Test(system_event, addresses_are_told_by_family)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
		                  .sin_port = htons(443),
		                  .sin_addr.s_addr = 0x0100007f };
	data(make(SYS_connect, KIND_CONNECT), &in, sizeof(in));
	struct span f = encode(NULL);
	struct cursor c;
	cr_assert(field_int(f, SYSTEM_FAMILY, AF_INET));
	cr_assert(field_int(f, SYSTEM_PORT, 443));
	cr_assert(field(f, SYSTEM_ADDRESS, &c));
	struct span four = cbor_bytes(&c);
	cr_assert_eq(four.len, 4);
	cr_assert_eq(memcmp(four.data, &in.sin_addr, 4), 0);
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6,
		                    .sin6_port = htons(22),
		                    .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	data(make(SYS_bind, KIND_BIND), &in6, sizeof(in6));
	f = encode(NULL);
	cr_assert(field_int(f, SYSTEM_PORT, 22));
	cr_assert(field(f, SYSTEM_ADDRESS, &c));
	struct span address = cbor_bytes(&c);
	cr_assert_eq(address.len, 16);
	cr_assert_eq(memcmp(address.data, &in6.sin6_addr, 16), 0);
	struct sockaddr_un un = { .sun_family = AF_UNIX, .sun_path = "/run/x" };
	data(make(SYS_connect, KIND_CONNECT), &un, sizeof(un));
	cr_assert(field_is(encode(NULL), SYSTEM_UNIX_NAME, "/run/x"));
}

Test(system_event, an_address_that_is_cut_short_is_not_made_up)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	for (size_t len = 0; len < 8; len++) {
		data(make(SYS_connect, KIND_CONNECT), &in, len);
		struct span f = encode(NULL);
		cr_assert(field_absent(f, SYSTEM_ADDRESS));
		cr_assert_eq(field_absent(f, SYSTEM_FAMILY), len < 2);
	}
}

#include "collector/normalise.h"

#include "tests/unit/collector/records.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define KEPT 64
/* System calls by their native numbers. */
#if defined(__x86_64__)
#define CALL_OPENAT   257
#define CALL_UNLINKAT 263
#define CALL_RENAMEAT 264
#define CALL_FCHMOD   91
#define CALL_MKDIRAT  258
#define CALL_EXECVE   59
#else
#define CALL_OPENAT   56
#define CALL_UNLINKAT 35
#define CALL_RENAMEAT 38
#define CALL_FCHMOD   52
#define CALL_MKDIRAT  34
#define CALL_EXECVE   221
#endif
#define CWD ((uint64_t)AT_FDCWD)

struct kept {
	struct intake_event event;
	uint8_t fields[8192];
};

static struct kept kept[KEPT];
static size_t kept_count, filtered_count;
static bool refuse;
static struct actors *actors;
static struct normaliser *normaliser;
static struct own_events own;
static struct redact *redact;
static struct rules *rules;
static struct label_names labels;
static struct {
	uint64_t inode;
	uint32_t labels;
	int calls;
} learnt;
static struct made m;

static bool put(void *context maybe_unused, const struct intake_event *event)
{
	if (refuse)
		return false;
	struct kept *k = &kept[kept_count++ % KEPT];
	k->event = *event;
	cr_assert_leq(event->fields.len, sizeof(k->fields));
	memcpy(k->fields, event->fields.data, event->fields.len);
	k->event.fields.data = k->fields;
	struct cursor c;
	cursor_init(&c, k->fields, event->fields.len);
	cbor_skip(&c);
	cr_assert_eq(cursor_finish(&c), 0);
	return true;
}

static void filtered(void *context maybe_unused, uint16_t kind maybe_unused)
{
	filtered_count++;
}

static void on_labelled(void *context maybe_unused, uint32_t device maybe_unused, uint64_t inode,
                        uint32_t bits)
{
	learnt.inode = inode;
	learnt.labels = bits;
	learnt.calls++;
}

static void setup(void)
{
	struct event_sink sink = { .put = put, .filtered = filtered };
	struct actors_config config = { .sink = sink, .proc_fd = -1 };
	cr_assert_eq(actors_new(&config, &actors), 0);
	struct normaliser_config normaliser_config = {
		.actors = actors, .sink = sink, .own = &own, .redact = &redact, .on_labelled = on_labelled
	};
	cr_assert_eq(normaliser_new(&normaliser_config, &normaliser), 0);
}

static void teardown(void)
{
	rules_free(rules);
	normaliser_free(normaliser);
	actors_free(actors);
}

static void feed(void)
{
	struct bpf_view view = made_view(&m);
	cr_assert(normaliser_record(normaliser, &view));
}

static struct bpf_record *head(void)
{
	return (void *)m.bytes;
}

static const struct intake_event *event(size_t i)
{
	cr_assert_lt(i, kept_count);
	return &kept[i].event;
}

static struct span fields(size_t i)
{
	return event(i)->fields;
}

static void make_exec(uint32_t tgid, uint32_t parent, const char *exe)
{
	made_begin(&m, sizeof(struct bpf_exec_record), BPF_PROGRAM_EXEC, KIND_EXEC, tgid);
	struct bpf_exec_record *r = (void *)m.bytes;
	r->parent_tgid = parent;
	r->parent_start_boot_ns = START_NS + parent * 1000000000ull;
	memcpy(r->comm, "name", 4);
	r->device = 8 << 20 | 1;
	r->inode = 99;
	r->links = 1;
	r->cgroup = 5;
	r->head.exec_id = 2;
	made_path(&m, &r->strings[BPF_EXEC_EXE], exe, 0);
	made_path(&m, &r->strings[BPF_EXEC_CWD], "/", 0);
	made_string(&m, &r->strings[BPF_EXEC_FILENAME], "./given", 7, 0);
	made_string(&m, &r->strings[BPF_EXEC_TTY], "pts0", 4, 0);
	made_string(&m, &r->strings[BPF_EXEC_ARGV], "a\0\0b c\0", 7, 0);
	r->argv_bytes = 7;
}

static void make_fork(uint32_t parent, uint32_t child)
{
	made_begin(&m, sizeof(struct bpf_fork_record), BPF_PROGRAM_FORK, KIND_PROCESS, parent);
	struct bpf_fork_record *r = (void *)m.bytes;
	r->child_tgid = child;
	r->child_start_boot_ns = START_NS + child * 1000000000ull;
}

static void make_exit(uint32_t tgid, uint32_t status)
{
	made_begin(&m, sizeof(struct bpf_exit_record), BPF_PROGRAM_EXIT, KIND_EXIT, tgid);
	((struct bpf_exit_record *)(void *)m.bytes)->status = status;
}

static void make_unlink(uint32_t tgid, const char *base, const char *name)
{
	struct bpf_file_record *r = made_file(&m, tgid, CALL_UNLINKAT, KIND_UNLINK);
	r->args[0] = CWD;
	made_string(&m, &r->strings[BPF_FILE_NAME], name, strlen(name), 0);
	made_path(&m, &r->strings[BPF_FILE_BASE], base, 0);
}

static struct bpf_file_record *make_setuid(uint32_t tgid, uint32_t uid)
{
	struct bpf_file_record *r = made_file(&m, tgid, SYS_setuid, KIND_CREDENTIALS);
	r->head.ids[BPF_UID] = r->head.ids[BPF_EUID] = uid;
	r->args[0] = uid;
	return r;
}

TestSuite(normalise, .init = setup, .fini = teardown);

Test(normalise, an_exec_is_told_whole)
{
	make_exec(10, 1, "/usr/bin/thing");
	feed();
	cr_assert_eq(kept_count, 1);
	const struct intake_event *e = event(0);
	cr_assert_eq(e->kind, KIND_EXEC);
	cr_assert_eq(e->boot_us, BOOT_NS / 1000);
	cr_assert_neq(e->self, INTAKE_NO_PROCESS);
	cr_assert_eq(e->previous, INTAKE_NO_PROCESS);
	cr_assert(field_int(e->fields, PROCESS_PID, 10));
	cr_assert(field_int(e->fields, PROCESS_PARENT_PID, 1));
	cr_assert(field_is(e->fields, PROCESS_EXE, "/usr/bin/thing"));
	cr_assert(field_is(e->fields, PROCESS_CWD, "/"));
	cr_assert(field_is(e->fields, PROCESS_TTY, "pts0"));
	cr_assert(field_is(e->fields, PROCESS_COMM, "name"));
	cr_assert(field_is(e->fields, PROCESS_FILENAME, "./given"));
	cr_assert(field_int(e->fields, PROCESS_DEVICE, 8 << 20 | 1));
	cr_assert(field_absent(e->fields, PROCESS_LOGINUID));
	cr_assert(field_absent(e->fields, PROCESS_MARKS));
	struct cursor c;
	cr_assert(field(e->fields, PROCESS_ARGV, &c));
	cr_assert_eq(cbor_array(&c), 3);
	cr_assert(span_is(cbor_bytes(&c), "a"));
	cr_assert(span_is(cbor_bytes(&c), ""));
	cr_assert(span_is(cbor_bytes(&c), "b c"));
}

Test(normalise, ids_are_real_effective_saved_file_system)
{
	make_exec(10, 1, "/x");
	uint32_t *ids = head()->ids;
	ids[BPF_UID] = 1;
	ids[BPF_EUID] = 2;
	ids[BPF_SUID] = 3;
	ids[BPF_FSUID] = 4;
	head()->loginuid = 1000;
	feed();
	struct cursor c;
	cr_assert(field(fields(0), PROCESS_UIDS, &c));
	cr_assert_eq(cbor_array(&c), 4);
	for (uint64_t i = 1; i <= 4; i++)
		cr_assert_eq(cbor_uint(&c), i);
	cr_assert(field_int(fields(0), PROCESS_LOGINUID, 1000));
}

/* The first id of an array. */
static uint64_t first_of(struct span map, uint64_t key)
{
	struct cursor c;
	cr_assert(field(map, key, &c));
	cr_assert_gt(cbor_array(&c), 0);
	return cbor_uint(&c);
}

Test(normalise, a_change_of_credentials_is_done_by_the_process_as_it_was)
{
	make_unlink(10, "/", "x");
	feed();
	make_setuid(10, 33);
	feed();
	cr_assert_eq(kept_count, 3);
	cr_assert_eq(event(2)->kind, KIND_CREDENTIALS);
	cr_assert_eq(event(2)->process, event(0)->self);
	cr_assert_eq(first_of(fields(2), SYSTEM_OLD_UIDS), 0);
	cr_assert_eq(first_of(fields(2), SYSTEM_NEW_UIDS), 33);
	/* And what it does next, it does as what it became. */
	make_unlink(10, "/", "x");
	head()->ids[BPF_UID] = head()->ids[BPF_EUID] = 33;
	feed();
	cr_assert_eq(event(3)->kind, KIND_PROCESS);
	cr_assert(field_int(fields(3), PROCESS_CAUSE, PROCESS_CAUSE_CHANGED));
	cr_assert_eq(event(4)->process, event(3)->self);
}

Test(normalise, a_change_of_credentials_by_a_stranger_says_nothing_of_who_it_was)
{
	make_setuid(10, 33);
	feed();
	cr_assert_eq(event(0)->kind, KIND_PROCESS);
	cr_assert_eq(event(1)->kind, KIND_CREDENTIALS);
	cr_assert_eq(event(1)->process, event(0)->self);
	cr_assert(field_absent(fields(1), SYSTEM_OLD_UIDS));
}

Test(normalise, an_act_on_another_process_names_it)
{
	make_exec(11, 1, "/victim");
	feed();
	struct bpf_file_record *r = made_file(&m, 10, SYS_ptrace, KIND_PTRACE);
	r->head.boot_ns += 20ull * 1000000000;
	r->args[0] = 16;
	r->args[1] = 11;
	feed();
	cr_assert_eq(event(2)->kind, KIND_PTRACE);
	cr_assert_eq(event(2)->process, event(1)->self);
	cr_assert_eq(event(2)->parent, event(0)->self);
	r->marks = BPF_MARK_PIDS;
	feed();
	cr_assert_eq(event(3)->parent, INTAKE_NO_PROCESS);
}

static void make_kill(uint32_t tgid, uint32_t pid)
{
	struct bpf_file_record *r = made_file(&m, tgid, SYS_kill, KIND_SIGNAL);
	r->args[0] = pid;
	r->args[1] = 9;
}

Test(normalise, signals_that_the_agent_sends_itself_are_filtered_and_others_not)
{
	own_events_add_process(&own, (struct process_key){ 10, START_NS / 1000 + 10 * 1000000ull });
	make_kill(10, 11);
	feed();
	cr_assert_eq(filtered_count, 1);
	cr_assert_eq(kept_count, 0);
	make_kill(12, 10);
	feed();
	cr_assert_eq(event(1)->kind, KIND_SIGNAL);
}

Test(normalise, in_a_namespace_of_its_own_a_process_is_not_described_by_its_old_ones)
{
	make_exec(10, 1, "/x");
	feed();
	made_file(&m, 10, SYS_unshare, KIND_CREDENTIALS);
	head()->exec_id = 2;
	feed();
	actors_undescribe(actors);
	make_unlink(10, "/", "x");
	head()->exec_id = 2;
	feed();
	cr_assert_eq(event(2)->kind, KIND_PROCESS);
	cr_assert(field_absent(fields(2), PROCESS_NAMESPACES));
}

Test(normalise, an_exec_tells_of_its_file_its_script_and_what_steers_the_linker)
{
	made_begin(&m, sizeof(struct bpf_exec_record), BPF_PROGRAM_EXEC, KIND_EXEC, 10);
	struct bpf_exec_record *r = (void *)m.bytes;
	r->links = 1;
	r->owner = 5;
	r->owner_group = 6;
	r->mode = 0104755;
	r->capabilities = 1ull << 40;
	made_path(&m, &r->strings[BPF_EXEC_EXE], "/usr/bin/dash", 0);
	made_path(&m, &r->strings[BPF_EXEC_CWD], "/", 0);
	made_string(&m, &r->strings[BPF_EXEC_FILENAME], "./script", 8, 0);
	made_string(&m, &r->strings[BPF_EXEC_INTERPRETER], "/bin/sh", 7, 0);
	made_string(&m, &r->strings[BPF_EXEC_ENV], "LD_PRELOAD=/secret\0LD_X\0", 24,
	            BPF_MARK_STRING_TRUNCATED);
	made_string(&m, &r->strings[BPF_EXEC_ARGV], "x\0", 2, 0);
	feed();
	struct span f = fields(0);
	struct cursor c;
	cr_assert(field_is(f, PROCESS_INTERPRETER, "/bin/sh"));
	cr_assert(field_int(f, PROCESS_CAPABILITIES, 1ll << 40));
	cr_assert(field_int(f, PROCESS_MARKS, ENTRY_MARK_ENV_TRUNCATED));
	cr_assert(field(f, PROCESS_FILE, &c));
	cr_assert_eq(cbor_array(&c), 4);
	cr_assert_eq(cbor_uint(&c), 5);
	cr_assert_eq(cbor_uint(&c), 6);
	cr_assert_eq(cbor_uint(&c), 0104755);
	cr_assert_eq(cbor_uint(&c), 1);
	cr_assert(field(f, PROCESS_LINKER_NAMES, &c));
	cr_assert_eq(cbor_array(&c), 2);
	cr_assert(span_is(cbor_bytes(&c), "LD_PRELOAD"));
	cr_assert(span_is(cbor_bytes(&c), "LD_X"));
}

Test(normalise, an_exec_has_the_hash_that_the_kernel_gave_and_else_none)
{
	make_exec(10, 1, "/x");
	struct bpf_exec_record *r = (void *)m.bytes;
	memset(r->sha256, 'h', sizeof(r->sha256));
	feed();
	cr_assert(field_absent(fields(0), PROCESS_SHA256));
	make_exec(11, 1, "/x");
	r->hashed = 1;
	memset(r->sha256, 'h', sizeof(r->sha256));
	feed();
	cr_assert(field_is(fields(1), PROCESS_SHA256, "hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh"));
}

Test(normalise, an_executable_in_memory_is_marked)
{
	made_begin(&m, sizeof(struct bpf_exec_record), BPF_PROGRAM_EXEC, KIND_EXEC, 10);
	struct bpf_exec_record *r = (void *)m.bytes;
	made_path(&m, &r->strings[BPF_EXEC_EXE], "/memfd:x", BPF_MARK_DETACHED);
	feed();
	cr_assert(field_int(fields(0), PROCESS_MARKS,
	                    ENTRY_MARK_MEMORY | ENTRY_MARK_DELETED | ENTRY_MARK_DETACHED));
}

Test(normalise, arguments_that_were_cut_carry_a_mark_and_their_whole_length)
{
	make_exec(10, 1, "/x");
	struct bpf_exec_record *r = (void *)m.bytes;
	r->strings[BPF_EXEC_ARGV].marks = BPF_MARK_STRING_TRUNCATED;
	r->argv_bytes = 100000;
	feed();
	cr_assert(field_int(fields(0), PROCESS_MARKS, ENTRY_MARK_ARGV_TRUNCATED));
	cr_assert(field_int(fields(0), PROCESS_ARGV_BYTES, 100000));
}

static struct span item(struct span map, uint64_t key, size_t i)
{
	struct cursor c;
	cr_assert(field(map, key, &c));
	cr_assert_lt(i, cbor_array(&c));
	while (i--)
		cbor_skip(&c);
	return cbor_bytes(&c);
}

Test(normalise, secrets_in_arguments_and_in_the_given_name_are_replaced_in_every_description)
{
	char why[160];
	size_t count;
	const struct redact_rule *all = redact_defaults(&count);
	cr_assert_eq(redact_new(&all, 1, &redact, why, sizeof(why)), 0);
	make_exec(10, 1, "/usr/bin/thing");
	struct bpf_exec_record *r = (void *)m.bytes;
	m.len = r->head.size = sizeof(*r);
	memcpy(r->comm, "token=abc", 9);
	made_path(&m, &r->strings[BPF_EXEC_EXE], "/usr/bin/thing", 0);
	made_path(&m, &r->strings[BPF_EXEC_CWD], "/", 0);
	made_string(&m, &r->strings[BPF_EXEC_FILENAME], "./token=abc", 11, 0);
	made_string(&m, &r->strings[BPF_EXEC_TTY], "pts0", 4, 0);
	made_string(&m, &r->strings[BPF_EXEC_ARGV], "a\0--password\0hunter2\0", 21, 0);
	feed();
	cr_assert(span_is(item(fields(0), PROCESS_ARGV, 1), "--password"));
	cr_assert(span_is(item(fields(0), PROCESS_ARGV, 2), "[redacted:7]"));
	cr_assert(field_is(fields(0), PROCESS_FILENAME, "./token=[redacted:3]"));
	cr_assert(field_int(fields(0), PROCESS_MARKS, ENTRY_MARK_REDACTED));
	cr_assert(field_absent(fields(0), PROCESS_COMM));
	actors_undescribe(actors);
	make_unlink(10, "/", "x");
	head()->exec_id = 2;
	feed();
	cr_assert_eq(event(1)->kind, KIND_PROCESS);
	cr_assert(span_is(item(fields(1), PROCESS_ARGV, 2), "[redacted:7]"));
	cr_assert(field_int(fields(1), PROCESS_MARKS, ENTRY_MARK_REDACTED));
	redact_free(redact);
}

Test(normalise, arguments_that_end_where_memory_could_not_be_read_are_cut)
{
	char why[160];
	const struct redact_rule url = { .name = "url", .pattern = "://[^/:@]*:([^/@]*)@" }, *rule = &url;
	cr_assert_eq(redact_new(&rule, 1, &redact, why, sizeof(why)), 0);
	make_exec(10, 1, "/usr/bin/thing");
	struct bpf_exec_record *r = (void *)m.bytes;
	m.len = r->head.size = sizeof(*r);
	made_path(&m, &r->strings[BPF_EXEC_EXE], "/usr/bin/thing", 0);
	made_path(&m, &r->strings[BPF_EXEC_CWD], "/", 0);
	made_string(&m, &r->strings[BPF_EXEC_FILENAME], "a", 1, 0);
	made_string(&m, &r->strings[BPF_EXEC_TTY], "pts0", 4, 0);
	made_string(&m, &r->strings[BPF_EXEC_ARGV], "a\0ftp://me:hunter2", 18, BPF_MARK_FAULT);
	feed();
	cr_assert(span_is(item(fields(0), PROCESS_ARGV, 1), "ftp[redacted:13]"));
	redact_free(redact);
}

Test(normalise, secrets_in_the_arguments_of_an_exec_that_failed_are_replaced)
{
	char why[160];
	size_t count;
	const struct redact_rule *all = redact_defaults(&count);
	cr_assert_eq(redact_new(&all, 1, &redact, why, sizeof(why)), 0);
	struct bpf_file_record *r = made_file(&m, 10, CALL_EXECVE, KIND_EXEC_FAILED);
	r->result = -2;
	made_string(&m, &r->strings[BPF_FILE_NAME], "/x", 2, 0);
	made_path(&m, &r->strings[BPF_FILE_BASE], "/", 0);
	made_string(&m, &r->strings[BPF_FILE_DATA], "x\0--token\0abc\0", 14, 0);
	feed();
	const struct intake_event *e = event(kept_count - 1);
	cr_assert_eq(e->kind, KIND_EXEC_FAILED);
	cr_assert(span_is(item(e->fields, SYSTEM_ARGV, 2), "[redacted:3]"));
	cr_assert(field_int(e->fields, FILE_MARKS, ENTRY_MARK_CLAIM | ENTRY_MARK_REDACTED));
	redact_free(redact);
}

Test(normalise, a_second_exec_refers_to_the_first)
{
	make_exec(10, 1, "/x");
	feed();
	make_exec(10, 1, "/y");
	head()->exec_id = 3;
	feed();
	cr_assert_eq(event(1)->previous, event(0)->self);
	cr_assert_neq(event(1)->self, event(0)->self);
}

Test(normalise, an_event_of_an_unknown_process_describes_it_first)
{
	make_unlink(20, "/home", "x");
	feed();
	cr_assert_eq(kept_count, 2);
	cr_assert_eq(event(0)->kind, KIND_PROCESS);
	cr_assert(field_int(fields(0), PROCESS_CAUSE, PROCESS_CAUSE_UNKNOWN));
	cr_assert(field_int(fields(0), PROCESS_PID, 20));
	cr_assert_eq(event(1)->kind, KIND_UNLINK);
	cr_assert_eq(event(1)->process, event(0)->self);
	feed();
	cr_assert_eq(kept_count, 3);
	cr_assert_eq(event(2)->process, event(0)->self);
}

Test(normalise, a_process_that_was_found_is_described_when_it_acts)
{
	make_exec(10, 1, "/usr/sbin/daemon");
	head()->program = BPF_PROGRAM_FOUND;
	struct bpf_view view = made_view(&m);
	cr_assert(normaliser_found(normaliser, &view));
	cr_assert_eq(kept_count, 0);
	make_unlink(10, "/", "x");
	head()->exec_id = 2;
	feed();
	cr_assert_eq(event(0)->kind, KIND_PROCESS);
	cr_assert(field_int(fields(0), PROCESS_CAUSE, PROCESS_CAUSE_FOUND));
	cr_assert(field_is(fields(0), PROCESS_EXE, "/usr/sbin/daemon"));
	cr_assert(field_int(fields(0), PROCESS_CGROUP, 5));
	cr_assert_eq(event(1)->process, event(0)->self);
}

Test(normalise, a_found_process_is_no_record_of_the_ring)
{
	make_exec(10, 1, "/x");
	head()->program = BPF_PROGRAM_FOUND;
	struct bpf_view view = made_view(&m);
	cr_assert_not(normaliser_record(normaliser, &view));
}

Test(normalise, an_executable_that_the_kernel_does_not_name_is_left_out)
{
	make_exec(10, 1, "/");
	((struct bpf_exec_record *)(void *)m.bytes)->strings[BPF_EXEC_EXE].marks = BPF_MARK_MISSING;
	feed();
	cr_assert(field_absent(fields(0), PROCESS_EXE));
}

Test(normalise, a_fork_makes_no_event_and_the_child_has_its_parents_image)
{
	make_exec(10, 1, "/bin/sh");
	feed();
	make_fork(10, 11);
	head()->exec_id = 2;
	feed();
	cr_assert_eq(kept_count, 1);
	make_unlink(11, "/", "x");
	head()->exec_id = 2;
	feed();
	cr_assert_eq(event(1)->kind, KIND_PROCESS);
	cr_assert_eq(event(1)->parent, event(0)->self);
	cr_assert(field_is(fields(1), PROCESS_EXE, "/bin/sh"));
	cr_assert(field_int(fields(1), PROCESS_CAUSE, PROCESS_CAUSE_FORK));
}

Test(normalise, ancestors_are_described_before_their_children)
{
	make_fork(10, 11);
	feed();
	make_fork(11, 12);
	feed();
	make_unlink(12, "/", "x");
	feed();
	cr_assert_eq(kept_count, 4);
	cr_assert(field_int(fields(0), PROCESS_PID, 10));
	cr_assert(field_int(fields(1), PROCESS_PID, 11));
	cr_assert(field_int(fields(2), PROCESS_PID, 12));
	cr_assert_eq(event(1)->parent, event(0)->self);
	cr_assert_eq(event(2)->parent, event(1)->self);
}

Test(normalise, changed_credentials_describe_the_process_anew)
{
	make_exec(10, 1, "/x");
	feed();
	make_unlink(10, "/", "x");
	head()->exec_id = 2;
	head()->ids[BPF_EUID] = 33;
	feed();
	cr_assert_eq(kept_count, 3);
	cr_assert_eq(event(1)->kind, KIND_PROCESS);
	cr_assert_eq(event(1)->previous, event(0)->self);
	cr_assert(field_int(fields(1), PROCESS_CAUSE, PROCESS_CAUSE_CHANGED));
	cr_assert(field_is(fields(1), PROCESS_EXE, "/x"));
	cr_assert_eq(event(2)->process, event(1)->self);
}

Test(normalise, an_exec_that_was_never_seen_does_not_leave_the_old_image)
{
	make_exec(10, 1, "/x");
	feed();
	make_unlink(10, "/", "x");
	head()->exec_id = 3;
	feed();
	cr_assert_eq(event(1)->kind, KIND_PROCESS);
	cr_assert(field_int(fields(1), PROCESS_CAUSE, PROCESS_CAUSE_UNKNOWN));
	cr_assert(field_absent(fields(1), PROCESS_EXE));
}

Test(normalise, a_late_record_of_the_program_before_an_exec_changes_nothing)
{
	make_exec(10, 1, "/x");
	feed();
	make_unlink(10, "/", "x");
	head()->exec_id = 1;
	feed();
	cr_assert_eq(kept_count, 2);
	cr_assert_eq(event(1)->kind, KIND_UNLINK);
	cr_assert_eq(event(1)->process, event(0)->self);
}

Test(normalise, a_description_that_was_lost_is_made_again)
{
	refuse = true;
	make_exec(10, 1, "/x");
	feed();
	refuse = false;
	make_unlink(10, "/", "x");
	head()->exec_id = 2;
	feed();
	cr_assert_eq(kept_count, 2);
	cr_assert_eq(event(0)->kind, KIND_PROCESS);
	cr_assert_eq(event(1)->process, event(0)->self);
	cr_assert_eq(event(0)->previous, INTAKE_NO_PROCESS);
}

Test(normalise, a_new_sealer_is_told_of_each_process_again)
{
	make_exec(10, 1, "/x");
	feed();
	actors_undescribe(actors);
	make_unlink(10, "/", "x");
	head()->exec_id = 2;
	feed();
	cr_assert_eq(event(1)->kind, KIND_PROCESS);
	cr_assert(field_int(fields(1), PROCESS_CAUSE, PROCESS_CAUSE_REPEATED));
	cr_assert_eq(event(1)->previous, INTAKE_NO_PROCESS);
}

Test(normalise, a_day_later_a_process_is_described_again)
{
	make_unlink(10, "/", "x");
	feed();
	head()->boot_ns += 86401ull * 1000000000;
	feed();
	cr_assert_eq(kept_count, 4);
	cr_assert_eq(event(2)->kind, KIND_PROCESS);
	cr_assert(field_int(fields(2), PROCESS_CAUSE, PROCESS_CAUSE_REPEATED));
	cr_assert_eq(event(2)->previous, event(0)->self);
}

Test(normalise, an_exit_has_its_code_or_its_signal)
{
	make_exit(10, 3 << 8);
	feed();
	cr_assert(field_int(fields(1), EXIT_CODE, 3));
	cr_assert(field_absent(fields(1), EXIT_SIGNAL));
	make_exit(11, 0x80 | 11);
	feed();
	cr_assert(field_int(fields(3), EXIT_SIGNAL, 11));
	struct cursor c;
	cr_assert(field(fields(3), EXIT_CORE, &c));
	cr_assert(cbor_bool(&c));
}

Test(normalise, a_second_exit_of_one_process_is_filtered_and_counted)
{
	make_exit(10, 0);
	feed();
	feed();
	cr_assert_eq(kept_count, 2);
	cr_assert_eq(filtered_count, 1);
}

Test(normalise, a_name_is_joined_to_its_directory_and_marked_as_a_claim)
{
	make_unlink(10, "/home/a", "dir/../x\ny");
	feed();
	cr_assert(field_is(fields(1), FILE_PATH, "/home/a/dir/../x\ny"));
	cr_assert(field_int(fields(1), FILE_MARKS, ENTRY_MARK_CLAIM));
	make_unlink(10, "/", "x");
	feed();
	cr_assert(field_is(fields(2), FILE_PATH, "/x"));
}

Test(normalise, an_absolute_name_begins_at_the_callers_root)
{
	make_unlink(10, "/", "/etc/x");
	feed();
	cr_assert(field_is(fields(1), FILE_PATH, "/etc/x"));
	make_unlink(10, "/srv/chroot", "/etc/x");
	feed();
	cr_assert(field_is(fields(2), FILE_PATH, "/srv/chroot/etc/x"));
}

Test(normalise, a_name_without_a_directory_is_unresolved)
{
	struct bpf_file_record *r = made_file(&m, 10, CALL_UNLINKAT, KIND_UNLINK);
	r->args[0] = 7;
	r->result = -9;
	made_string(&m, &r->strings[BPF_FILE_NAME], "x", 1, 0);
	made_string(&m, &r->strings[BPF_FILE_BASE], "", 0, BPF_MARK_MISSING);
	feed();
	cr_assert(field_is(fields(1), FILE_PATH, "x"));
	cr_assert(field_int(fields(1), FILE_RESULT, -9));
	cr_assert(field_int(fields(1), FILE_MARKS, ENTRY_MARK_UNRESOLVED));
}

Test(normalise, a_name_that_could_not_be_read_says_so)
{
	struct bpf_file_record *r = made_file(&m, 10, CALL_UNLINKAT, KIND_UNLINK);
	r->args[0] = CWD;
	made_string(&m, &r->strings[BPF_FILE_NAME], "", 0, BPF_MARK_FAULT);
	made_path(&m, &r->strings[BPF_FILE_BASE], "/home", 0);
	feed();
	cr_assert(field_is(fields(1), FILE_PATH, "/home"));
	cr_assert(field_int(fields(1), FILE_MARKS, ENTRY_MARK_CLAIM | ENTRY_MARK_FAULT));
}

static struct bpf_file_record *make_open(uint64_t flags, uint32_t marks)
{
	struct bpf_file_record *r = made_file(&m, 10, CALL_OPENAT, KIND_OPEN);
	r->args[0] = CWD;
	r->args[2] = flags;
	r->args[3] = 0644;
	r->result = 3;
	r->device = 8 << 20;
	r->inode = 12;
	r->marks = marks;
	made_path(&m, &r->strings[BPF_FILE_OBJECT], "/etc/shadow", 0);
	return r;
}

Test(normalise, an_open_is_named_by_the_object_that_it_returned)
{
	make_open(O_WRONLY, 0);
	feed();
	cr_assert(field_is(fields(1), FILE_PATH, "/etc/shadow"));
	cr_assert(field_int(fields(1), FILE_INODE, 12));
	cr_assert(field_int(fields(1), FILE_FLAGS, O_WRONLY));
	cr_assert(field_absent(fields(1), FILE_MARKS));
	cr_assert(field_absent(fields(1), FILE_MODE));
	cr_assert(field_absent(fields(1), FILE_CLAIM));
}

Test(normalise, the_mode_counts_only_where_a_file_is_created)
{
	make_open(O_WRONLY | O_CREAT, 0);
	feed();
	cr_assert(field_int(fields(1), FILE_MODE, 0644));
}

Test(normalise, with_a_shared_file_table_the_object_is_unsure_and_the_claim_stands_beside_it)
{
	struct bpf_file_record *r = make_open(O_WRONLY, BPF_MARK_SHARED);
	made_string(&m, &r->strings[BPF_FILE_NAME], "shadow", 6, 0);
	made_path(&m, &r->strings[BPF_FILE_BASE], "/etc", 0);
	feed();
	cr_assert(field_is(fields(1), FILE_PATH, "/etc/shadow"));
	cr_assert(field_is(fields(1), FILE_CLAIM, "shadow"));
	cr_assert(field_int(fields(1), FILE_MARKS, ENTRY_MARK_UNSURE));
}

Test(normalise, an_unlinkat_that_removes_a_directory_is_a_rmdir)
{
	make_unlink(10, "/", "d");
	((struct bpf_file_record *)(void *)m.bytes)->args[2] = AT_REMOVEDIR;
	feed();
	cr_assert_eq(event(1)->kind, KIND_RMDIR);
}

Test(normalise, a_rename_has_two_paths_with_marks_of_their_own)
{
	struct bpf_file_record *r = made_file(&m, 10, CALL_RENAMEAT, KIND_RENAME);
	r->args[0] = CWD;
	r->args[2] = 99;
	made_string(&m, &r->strings[BPF_FILE_NAME], "a", 1, 0);
	made_path(&m, &r->strings[BPF_FILE_BASE], "/d", 0);
	made_string(&m, &r->strings[BPF_FILE_TARGET], "b", 1, 0);
	made_string(&m, &r->strings[BPF_FILE_TARGET_BASE], "", 0, BPF_MARK_MISSING);
	feed();
	cr_assert(field_is(fields(1), FILE_PATH, "/d/a"));
	cr_assert(field_is(fields(1), FILE_TARGET, "b"));
	cr_assert(field_int(fields(1), FILE_MARKS, ENTRY_MARK_CLAIM));
	cr_assert(field_int(fields(1), FILE_TARGET_MARKS, ENTRY_MARK_UNRESOLVED));
}

Test(normalise, marks_of_a_path_are_kept)
{
	struct bpf_file_record *r = made_file(&m, 10, CALL_FCHMOD, KIND_CHMOD);
	r->args[1] = 0600;
	made_path(&m, &r->strings[BPF_FILE_OBJECT], "/memfd:x", BPF_MARK_DETACHED | BPF_MARK_DELETED);
	feed();
	cr_assert(field_int(fields(1), FILE_MARKS, ENTRY_MARK_DETACHED | ENTRY_MARK_DELETED));
	cr_assert(field_int(fields(1), FILE_MODE, 0600));
}

static void make_attributes(void)
{
	static const uint32_t immutable = 0x10;
	struct bpf_file_record *r = made_file(&m, 10, SYS_ioctl, KIND_CHMOD);
	r->args[1] = 0x40086602;
	made_path(&m, &r->strings[BPF_FILE_OBJECT], "/etc/passwd", 0);
	made_string(&m, &r->strings[BPF_FILE_DATA], &immutable, sizeof(immutable), 0);
}

Test(normalise, attributes_that_are_set_are_told_and_no_mode)
{
	make_attributes();
	feed();
	cr_assert_eq(event(1)->kind, KIND_CHMOD);
	cr_assert(field_is(fields(1), FILE_PATH, "/etc/passwd"));
	cr_assert(field_int(fields(1), FILE_ATTRIBUTES, 0x10));
	cr_assert(field_absent(fields(1), FILE_MODE));
}

Test(normalise, a_thread_is_named_where_it_is_not_the_leader)
{
	make_unlink(10, "/", "x");
	head()->tid = 12;
	feed();
	cr_assert(field_int(fields(1), FILE_TID, 12));
}

Test(normalise, a_call_that_is_not_in_the_table_makes_no_event)
{
	made_file(&m, 10, 511, KIND_OPEN);
	struct bpf_view view = made_view(&m);
	cr_assert_not(normaliser_record(normaliser, &view));
	cr_assert_eq(kept_count, 0);
}

Test(normalise, io_uring_tells_the_operation)
{
	made_begin(&m, sizeof(struct bpf_io_uring_record), BPF_PROGRAM_IO_URING, KIND_IO_URING, 10);
	((struct bpf_io_uring_record *)(void *)m.bytes)->opcode = 36;
	feed();
	cr_assert_eq(event(1)->kind, KIND_IO_URING);
	cr_assert(field_int(fields(1), FILE_OPCODE, 36));
}

static void own_is(uint32_t tgid)
{
	cr_assert_eq(own_events_add_dir(&own, "/var/lib/swornlog"), 0);
	own_events_add_process(&own, (struct process_key){ tgid, START_NS / 1000 + tgid * 1000000ull });
}

Test(normalise, the_agents_own_file_events_in_its_folders_are_filtered)
{
	own_is(10);
	make_unlink(10, "/var/lib/swornlog/spool", "x");
	feed();
	cr_assert_eq(kept_count, 0);
	cr_assert_eq(filtered_count, 1);
}

Test(normalise, other_processes_in_the_agents_folders_are_not_filtered)
{
	own_is(10);
	make_unlink(11, "/var/lib/swornlog/spool", "x");
	feed();
	cr_assert_eq(event(1)->kind, KIND_UNLINK);
}

Test(normalise, a_reused_pid_is_not_the_agent)
{
	own_is(10);
	make_unlink(10, "/var/lib/swornlog/spool", "x");
	head()->start_boot_ns += 1000000000;
	feed();
	cr_assert_eq(filtered_count, 0);
}

Test(normalise, the_agent_outside_its_folders_is_not_filtered)
{
	own_is(10);
	static const char *const names[][2] = { { "/var/lib/swornlog/../x", "y" },
		                                { "/var/lib/swornlog", "../x" },
		                                { "/var/lib/swornlogger", "x" },
		                                { "/etc", "passwd" } };
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		make_unlink(10, names[i][0], names[i][1]);
		feed();
	}
	cr_assert_eq(filtered_count, 0);
	cr_assert_eq(kept_count, 1 + ARRAY_SIZE(names));
}

Test(normalise, a_rename_out_of_the_agents_folders_is_not_filtered)
{
	own_is(10);
	struct bpf_file_record *r = made_file(&m, 10, CALL_RENAMEAT, KIND_RENAME);
	r->args[0] = r->args[2] = CWD;
	made_string(&m, &r->strings[BPF_FILE_NAME], "a", 1, 0);
	made_path(&m, &r->strings[BPF_FILE_BASE], "/var/lib/swornlog", 0);
	made_string(&m, &r->strings[BPF_FILE_TARGET], "b", 1, 0);
	made_path(&m, &r->strings[BPF_FILE_TARGET_BASE], "/tmp", 0);
	feed();
	cr_assert_eq(filtered_count, 0);
}

Test(normalise, the_agents_execs_are_never_filtered)
{
	own_is(10);
	make_exec(10, 1, "/var/lib/swornlog/x");
	feed();
	cr_assert_eq(kept_count, 1);
}

Test(normalise, a_folder_that_is_not_absolute_and_plain_is_refused)
{
	static const char *const bad[] = { "", "/", "relative", "/a/", "/a/../b", "/a/./b" };
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		cr_assert_eq(own_events_add_dir(&own, bad[i]), -EINVAL, "%s", bad[i]);
}

static void watch(const char *text)
{
	char error[256];
	cr_assert_eq(rules_parse("c", (struct span){ (const uint8_t *)text, strlen(text) }, &rules, error,
	                         sizeof(error)),
	             0, "%s", error);
	cr_assert_eq(watch_bind(&rules->watch, &labels), 0);
	normaliser_set_rules(normaliser, rules, &labels);
}

static bool labelled(size_t i, const char *name)
{
	struct cursor c;
	return field(fields(i), FILE_LABELS, &c) && cbor_array(&c) == 1 && span_is(cbor_bytes(&c), name);
}

static struct bpf_file_record *make_read(const char *path, uint32_t by_object)
{
	struct bpf_file_record *r = make_open(O_RDONLY, 0);
	r->head.kind = KIND_READ;
	r->result = 5;
	r->labels = by_object;
	m.len = sizeof(*r);
	made_path(&m, &r->strings[BPF_FILE_OBJECT], path, 0);
	return r;
}

#define WATCH_PHI "watch:\n  - label: phi\n    paths: [/srv/phi, /data/*.db]\n"

Test(normalise, a_labelled_read_is_told_with_its_label)
{
	watch(WATCH_PHI);
	make_read("/srv/phi/x", 0);
	feed();
	cr_assert_eq(event(1)->kind, KIND_READ);
	cr_assert(field_is(fields(1), FILE_PATH, "/srv/phi/x"));
	cr_assert(labelled(1, "phi"));
	cr_assert(field_int(fields(1), FILE_RESULT, 0));
	cr_assert(field_absent(fields(1), FILE_MARKS));
	cr_assert(field_absent(fields(1), FILE_COUNT));
}

Test(normalise, a_read_that_only_looked_labelled_makes_no_event)
{
	watch(WATCH_PHI);
	make_read("/data/x.txt", 0);
	feed();
	cr_assert_eq(kept_count, 0);
	cr_assert_eq(filtered_count, 0);
}

Test(normalise, a_label_of_the_object_holds_under_another_name_and_says_so)
{
	watch(WATCH_PHI);
	make_read("/tmp/hard-link", 1);
	feed();
	cr_assert(labelled(1, "phi"));
	cr_assert(field_int(fields(1), FILE_MARKS, ENTRY_MARK_BY_OBJECT));
	make_read("/tmp/other", 1u << 7);
	feed();
	cr_assert_eq(kept_count, 2, "a label that is not in force");
}

Test(normalise, the_kernel_learns_an_object_that_a_pattern_labels)
{
	watch(WATCH_PHI);
	make_read("/data/x.db", 0);
	feed();
	cr_assert_eq(learnt.calls, 1);
	cr_assert_eq(learnt.inode, 12);
	cr_assert_eq(learnt.labels, 1);
	make_read("/data/x.db", 1);
	feed();
	cr_assert_eq(learnt.calls, 1);
}

Test(normalise, nothing_is_learnt_from_names_in_a_mount_namespace_that_anybody_may_make)
{
	watch(WATCH_PHI);
	make_read("/data/x.db", 0)->marks = BPF_MARK_FOREIGN;
	feed();
	cr_assert(labelled(1, "phi"));
	cr_assert_eq(learnt.calls, 0);
}

Test(normalise, a_denied_read_is_labelled_by_the_name_made_tidy)
{
	watch(WATCH_PHI);
	struct bpf_file_record *r = made_file(&m, 10, CALL_OPENAT, KIND_READ);
	r->args[0] = CWD;
	r->result = -EACCES;
	made_string(&m, &r->strings[BPF_FILE_NAME], "../phi/./x", 10, 0);
	made_path(&m, &r->strings[BPF_FILE_BASE], "/srv/other", 0);
	feed();
	cr_assert(labelled(1, "phi"));
	cr_assert(field_int(fields(1), FILE_RESULT, -EACCES));
}

Test(normalise, repeated_reads_are_counted_and_told_at_the_end)
{
	watch(WATCH_PHI);
	for (int i = 0; i < 1000; i++) {
		make_read("/srv/phi/x", 0)->result = 3 + i;
		head()->boot_ns += (uint64_t)i * 1000;
		feed();
	}
	cr_assert_eq(kept_count, 2);
	cr_assert_eq(filtered_count, 999);
	make_exit(10, 0);
	feed();
	cr_assert_eq(kept_count, 4);
	cr_assert_eq(event(2)->kind, KIND_READ);
	cr_assert_eq(event(2)->process, event(1)->process);
	cr_assert(field_int(fields(2), FILE_COUNT, 999));
	cr_assert(field_int(fields(2), FILE_FIRST, BOOT_NS / 1000 + 1));
	cr_assert(field_int(fields(2), FILE_LAST, BOOT_NS / 1000 + 999));
	cr_assert(field_is(fields(2), FILE_PATH, "/srv/phi/x"));
	cr_assert_eq(event(3)->kind, KIND_EXIT);
}

#define REPEATS "repeats:\n  interval_s: 10\n  kinds: [open, chmod]\n"

static void open_at(uint64_t after_us)
{
	make_open(O_WRONLY, 0);
	head()->boot_ns += after_us * 1000;
	feed();
}

Test(normalise, opens_are_counted_where_the_rules_say_so)
{
	watch(REPEATS);
	for (uint64_t i = 0; i < 1000; i++)
		open_at(i);
	make_unlink(10, "/etc", "x");
	feed();
	make_unlink(10, "/etc", "x");
	feed();
	cr_assert_eq(kept_count, 4);
	cr_assert_eq(filtered_count, 999);
	cr_assert_eq(event(1)->kind, KIND_OPEN);
	make_exec(10, 1, "/bin/other");
	feed();
	cr_assert_eq(event(4)->kind, KIND_REPEATS);
	cr_assert_eq(event(4)->process, event(1)->process);
	cr_assert_eq(event(4)->sensors, SENSOR_BPF_TRACEPOINT);
	cr_assert(field_int(fields(4), FILE_REPEATED, KIND_OPEN));
	cr_assert(field_int(fields(4), FILE_COUNT, 999));
	cr_assert(field_int(fields(4), FILE_FIRST, BOOT_NS / 1000 + 1));
	cr_assert(field_int(fields(4), FILE_LAST, BOOT_NS / 1000 + 999));
	cr_assert(field_int(fields(4), FILE_RESULT, 3));
	cr_assert(field_is(fields(4), FILE_PATH, "/etc/shadow"));
	cr_assert_eq(event(5)->kind, KIND_EXEC);
}

Test(normalise, what_was_counted_is_told_after_the_interval_and_when_the_rules_change)
{
	watch(REPEATS);
	open_at(0);
	open_at(1);
	normaliser_tick(normaliser, BOOT_NS / 1000 + 9999999);
	cr_assert_eq(kept_count, 2);
	normaliser_tick(normaliser, BOOT_NS / 1000 + 10000000);
	cr_assert_eq(kept_count, 3);
	cr_assert_eq(event(2)->kind, KIND_REPEATS);
	open_at(2);
	rules_free(rules);
	watch("");
	cr_assert_eq(kept_count, 4);
	cr_assert(field_int(fields(3), FILE_COUNT, 1));
	open_at(3);
	cr_assert_eq(event(4)->kind, KIND_OPEN);
}

Test(normalise, labelled_data_and_other_results_are_not_counted_as_repeats)
{
	watch(WATCH_PHI REPEATS);
	for (int i = 0; i < 3; i++) {
		struct bpf_file_record *r = make_open(O_WRONLY, 0);
		m.len = sizeof(*r);
		made_path(&m, &r->strings[BPF_FILE_OBJECT], "/srv/phi/x", 0);
		feed();
	}
	for (int i = 0; i < 3; i++) {
		make_open(O_WRONLY, 0)->result = 3 + i;
		feed();
	}
	cr_assert_eq(kept_count, 7);
	cr_assert_eq(filtered_count, 0);
}

Test(normalise, the_count_stands_before_attributes)
{
	watch(REPEATS);
	for (int i = 0; i < 3; i++) {
		make_attributes();
		feed();
	}
	normaliser_flush(normaliser);
	cr_assert_eq(kept_count, 3);
	struct cursor c;
	cursor_init(&c, fields(2).data, fields(2).len);
	cbor_skip(&c);
	cr_assert(!c.err && cursor_left(&c) == 0);
	cr_assert(field_int(fields(2), FILE_COUNT, 2));
	cr_assert(field_int(fields(2), FILE_ATTRIBUTES, 0x10));
	cr_assert(field_int(fields(2), FILE_REPEATED, KIND_CHMOD));
}

Test(normalise, what_changes_labelled_data_carries_the_label_too)
{
	watch(WATCH_PHI);
	make_open(O_WRONLY, 0);
	feed();
	cr_assert(field_absent(fields(1), FILE_LABELS));
	struct bpf_file_record *r = make_open(O_WRONLY, 0);
	m.len = sizeof(*r);
	made_path(&m, &r->strings[BPF_FILE_OBJECT], "/srv/phi/x", 0);
	feed();
	cr_assert(labelled(2, "phi"));
}

#define EXCLUDE_B "exclude:\n  - reason: builds\n    paths: [/b]\n"

Test(normalise, an_excluded_event_is_counted_and_describes_nobody)
{
	watch(EXCLUDE_B);
	struct bpf_file_record *r = make_open(O_WRONLY, 0);
	m.len = sizeof(*r);
	made_path(&m, &r->strings[BPF_FILE_OBJECT], "/b/x", 0);
	feed();
	cr_assert_eq(kept_count, 0);
	cr_assert_eq(filtered_count, 1);
	cr_assert_eq(rules->exclude.rules[0].left_out, 1);
}

Test(normalise, a_name_that_may_lead_elsewhere_is_not_excluded)
{
	watch(EXCLUDE_B);
	make_unlink(10, "/b", "x");
	feed();
	cr_assert_eq(filtered_count, 1, "a plain name in a directory that the kernel knows");
	make_unlink(10, "/b", "link/x");
	feed();
	make_unlink(10, "/", "b/x");
	feed();
	make_unlink(10, "/b", "..");
	feed();
	cr_assert_eq(filtered_count, 1);
	make_open(O_WRONLY, BPF_MARK_SHARED);
	struct bpf_file_record *r = (void *)m.bytes;
	m.len = sizeof(*r);
	made_path(&m, &r->strings[BPF_FILE_OBJECT], "/b/x", 0);
	feed();
	cr_assert_eq(filtered_count, 1, "an unsure object");
}

Test(normalise, names_in_a_mount_namespace_that_anybody_may_make_are_not_excluded)
{
	watch(EXCLUDE_B);
	struct bpf_file_record *r = make_open(O_WRONLY, BPF_MARK_FOREIGN);
	m.len = sizeof(*r);
	made_path(&m, &r->strings[BPF_FILE_OBJECT], "/b/x", 0);
	feed();
	cr_assert_eq(filtered_count, 0);
}

Test(normalise, labelled_data_is_never_excluded)
{
	watch(WATCH_PHI "exclude:\n  - reason: all of root\n    uid: 0\n");
	struct bpf_file_record *r = make_open(O_WRONLY, 0);
	feed();
	cr_assert_eq(filtered_count, 1);
	m.len = sizeof(*r);
	make_open(O_WRONLY, 0);
	m.len = sizeof(*r);
	made_path(&m, &r->strings[BPF_FILE_OBJECT], "/srv/phi/x", 0);
	feed();
	cr_assert_eq(filtered_count, 1);
	cr_assert(labelled(1, "phi"));
}

/* Processes: what is told of them, and when. */
#include "tests/unit/collector/normaliser_world.h"

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

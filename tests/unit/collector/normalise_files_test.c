/* Files: paths and marks, and the agent's own. */
#include "tests/unit/collector/normaliser_world.h"

TestSuite(normalise_files, .init = setup, .fini = teardown);

Test(normalise_files, a_name_is_joined_to_its_directory_and_marked_as_a_claim)
{
	make_unlink(10, "/home/a", "dir/../x\ny");
	feed();
	cr_assert(field_is(fields(1), FILE_PATH, "/home/a/dir/../x\ny"));
	cr_assert(field_int(fields(1), FILE_MARKS, ENTRY_MARK_CLAIM));
	make_unlink(10, "/", "x");
	feed();
	cr_assert(field_is(fields(2), FILE_PATH, "/x"));
}

Test(normalise_files, an_absolute_name_begins_at_the_callers_root)
{
	make_unlink(10, "/", "/etc/x");
	feed();
	cr_assert(field_is(fields(1), FILE_PATH, "/etc/x"));
	make_unlink(10, "/srv/chroot", "/etc/x");
	feed();
	cr_assert(field_is(fields(2), FILE_PATH, "/srv/chroot/etc/x"));
}

Test(normalise_files, a_name_without_a_directory_is_unresolved)
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

Test(normalise_files, a_name_that_could_not_be_read_says_so)
{
	struct bpf_file_record *r = made_file(&m, 10, CALL_UNLINKAT, KIND_UNLINK);
	r->args[0] = CWD;
	made_string(&m, &r->strings[BPF_FILE_NAME], "", 0, BPF_MARK_FAULT);
	made_path(&m, &r->strings[BPF_FILE_BASE], "/home", 0);
	feed();
	cr_assert(field_is(fields(1), FILE_PATH, "/home"));
	cr_assert(field_int(fields(1), FILE_MARKS, ENTRY_MARK_CLAIM | ENTRY_MARK_FAULT));
}

Test(normalise_files, an_open_is_named_by_the_object_that_it_returned)
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

Test(normalise_files, the_mode_counts_only_where_a_file_is_created)
{
	make_open(O_WRONLY | O_CREAT, 0);
	feed();
	cr_assert(field_int(fields(1), FILE_MODE, 0644));
}

Test(normalise_files, with_a_shared_file_table_the_object_is_unsure_and_the_claim_stands_beside_it)
{
	struct bpf_file_record *r = make_open(O_WRONLY, BPF_MARK_SHARED);
	made_string(&m, &r->strings[BPF_FILE_NAME], "shadow", 6, 0);
	made_path(&m, &r->strings[BPF_FILE_BASE], "/etc", 0);
	feed();
	cr_assert(field_is(fields(1), FILE_PATH, "/etc/shadow"));
	cr_assert(field_is(fields(1), FILE_CLAIM, "shadow"));
	cr_assert(field_int(fields(1), FILE_MARKS, ENTRY_MARK_UNSURE));
}

Test(normalise_files, an_unlinkat_that_removes_a_directory_is_a_rmdir)
{
	make_unlink(10, "/", "d");
	((struct bpf_file_record *)(void *)m.bytes)->args[2] = AT_REMOVEDIR;
	feed();
	cr_assert_eq(event(1)->kind, KIND_RMDIR);
}

Test(normalise_files, a_rename_has_two_paths_with_marks_of_their_own)
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

Test(normalise_files, marks_of_a_path_are_kept)
{
	struct bpf_file_record *r = made_file(&m, 10, CALL_FCHMOD, KIND_CHMOD);
	r->args[1] = 0600;
	made_path(&m, &r->strings[BPF_FILE_OBJECT], "/memfd:x", BPF_MARK_DETACHED | BPF_MARK_DELETED);
	feed();
	cr_assert(field_int(fields(1), FILE_MARKS, ENTRY_MARK_DETACHED | ENTRY_MARK_DELETED));
	cr_assert(field_int(fields(1), FILE_MODE, 0600));
}

Test(normalise_files, attributes_that_are_set_are_told_and_no_mode)
{
	make_attributes();
	feed();
	cr_assert_eq(event(1)->kind, KIND_CHMOD);
	cr_assert(field_is(fields(1), FILE_PATH, "/etc/passwd"));
	cr_assert(field_int(fields(1), FILE_ATTRIBUTES, 0x10));
	cr_assert(field_absent(fields(1), FILE_MODE));
}

Test(normalise_files, a_thread_is_named_where_it_is_not_the_leader)
{
	make_unlink(10, "/", "x");
	head()->tid = 12;
	feed();
	cr_assert(field_int(fields(1), FILE_TID, 12));
}

Test(normalise_files, a_call_that_is_not_in_the_table_makes_no_event)
{
	made_file(&m, 10, 511, KIND_OPEN);
	struct bpf_view view = made_view(&m);
	cr_assert_not(normaliser_record(normaliser, &view));
	cr_assert_eq(kept_count, 0);
}

Test(normalise_files, io_uring_tells_the_operation)
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

Test(normalise_files, the_agents_own_file_events_in_its_folders_are_filtered)
{
	own_is(10);
	make_unlink(10, "/var/lib/swornlog/spool", "x");
	feed();
	cr_assert_eq(kept_count, 0);
	cr_assert_eq(filtered_count, 1);
}

Test(normalise_files, other_processes_in_the_agents_folders_are_not_filtered)
{
	own_is(10);
	make_unlink(11, "/var/lib/swornlog/spool", "x");
	feed();
	cr_assert_eq(event(1)->kind, KIND_UNLINK);
}

Test(normalise_files, a_reused_pid_is_not_the_agent)
{
	own_is(10);
	make_unlink(10, "/var/lib/swornlog/spool", "x");
	head()->start_boot_ns += 1000000000;
	feed();
	cr_assert_eq(filtered_count, 0);
}

Test(normalise_files, the_agent_outside_its_folders_is_not_filtered)
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

Test(normalise_files, a_rename_out_of_the_agents_folders_is_not_filtered)
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

Test(normalise_files, the_agents_execs_are_never_filtered)
{
	own_is(10);
	make_exec(10, 1, "/var/lib/swornlog/x");
	feed();
	cr_assert_eq(kept_count, 1);
}

Test(normalise_files, a_folder_that_is_not_absolute_and_plain_is_refused)
{
	static const char *const bad[] = { "", "/", "relative", "/a/", "/a/../b", "/a/./b" };
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		cr_assert_eq(own_events_add_dir(&own, bad[i]), -EINVAL, "%s", bad[i]);
}

#include "collector/proc_reader.h"

#include "lib/cbor.h"

#include <criterion/criterion.h>

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/swornlog-proc-XXXXXX";
static int root = -1;
static struct proc_facts facts;

static void write_file(const char *name, const void *bytes, size_t len)
{
	int fd = openat(root, name, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
	cr_assert_geq(fd, 0);
	cr_assert_eq(write(fd, bytes, len), (ssize_t)len);
	close(fd);
}

static void write_text(const char *name, const char *text)
{
	write_file(name, text, strlen(text));
}

#define STAT_TAIL " S 7 10 10 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 1234 9 10\n"

static void setup(void)
{
	cr_assert_not_null(mkdtemp(folder));
	root = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cr_assert_eq(mkdirat(root, "10", 0700), 0);
	write_text("10/stat", "10 (name)" STAT_TAIL);
	write_text("10/status", "Name:\tx\nUid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\n");
	write_text("10/loginuid", "1000");
	write_text("10/sessionid", "4294967295");
	write_file("10/cmdline", "a\0\0b", 4);
	cr_assert_eq(symlinkat("/bin/x (deleted)", root, "10/exe"), 0);
}

static void teardown(void)
{
	char command[128];
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	cr_assert_eq(system(command), 0);
	close_fd(&root);
	proc_facts_done(&facts);
}

TestSuite(proc_reader, .init = setup, .fini = teardown);

Test(proc_reader, a_process_is_read)
{
	cr_assert_eq(proc_read(root, 10, NULL, &facts), 0);
	cr_assert_eq(facts.key.tgid, 10);
	cr_assert_eq(facts.key.start_us, 12340000);
	cr_assert_eq(facts.parent_tgid, 7);
	cr_assert_str_eq(facts.comm, "name");
	const uint32_t *ids = facts.ids.ids;
	cr_assert(ids[BPF_UID] == 1 && ids[BPF_EUID] == 2 && ids[BPF_SUID] == 3 && ids[BPF_FSUID] == 4);
	cr_assert(ids[BPF_GID] == 5 && ids[BPF_EGID] == 6 && ids[BPF_SGID] == 7 && ids[BPF_FSGID] == 8);
	cr_assert_eq(facts.ids.loginuid, 1000);
	cr_assert_eq(facts.ids.session, BPF_ID_UNSET);
	cr_assert(span_is((struct span){ facts.exe.data, facts.exe.len }, "/bin/x"));
	cr_assert(facts.marks & ENTRY_MARK_DELETED);
	static const uint8_t argv[] = { 0x83, 0x41, 'a', 0x40, 0x41, 'b' };
	cr_assert_eq(facts.argv.len, sizeof(argv));
	cr_assert_arr_eq(facts.argv.data, argv, sizeof(argv));
}

Test(proc_reader, a_name_with_parentheses_and_a_newline_does_not_shift_the_fields)
{
	write_text("10/stat", "10 (a) S 1 (\n) b)" STAT_TAIL);
	cr_assert_eq(proc_read(root, 10, NULL, &facts), 0);
	cr_assert_str_eq(facts.comm, "a) S 1 (\n) b");
	cr_assert_eq(facts.parent_tgid, 7);
}

Test(proc_reader, a_process_that_is_gone_is_an_error)
{
	cr_assert_eq(proc_read(root, 11, NULL, &facts), -ENOENT);
}

Test(proc_reader, what_is_not_understood_is_an_error)
{
	static const char *const bad[] = { "", "10", "10 (x", "10 (x) S", ") (" };
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		write_text("10/stat", bad[i]);
		cr_assert_eq(proc_read(root, 10, NULL, &facts), -EBADMSG, "%s", bad[i]);
	}
}

Test(proc_reader, an_executable_that_may_not_be_read_is_left_out)
{
	cr_assert_eq(unlinkat(root, "10/exe", 0), 0);
	cr_assert_eq(proc_read(root, 10, NULL, &facts), 0);
	cr_assert_eq(facts.exe.len, 0);
}

Test(proc_reader, this_process_is_read_from_the_real_proc)
{
	cleanup_close int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cr_assert_eq(proc_read(proc, (uint32_t)getpid(), NULL, &facts), 0);
	cr_assert_eq(facts.parent_tgid, (uint32_t)getppid());
	cr_assert_eq(facts.ids.ids[BPF_EUID], geteuid());
	cr_assert_gt(facts.exe.len, 0);
}

Test(proc_reader, secrets_in_arguments_are_replaced)
{
	struct redact *redact = NULL;
	char why[160];
	size_t count;
	const struct redact_rule *all = redact_defaults(&count);
	cr_assert_eq(redact_new(&all, 1, &redact, why, sizeof(why)), 0);
	write_file("10/cmdline", "a\0--token=abc", 13);
	cr_assert_eq(proc_read(root, 10, redact, &facts), 0);
	struct cursor c;
	cursor_init(&c, facts.argv.data, facts.argv.len);
	cr_assert_eq(cbor_array(&c), 2);
	cr_assert(span_is(cbor_bytes(&c), "a"));
	cr_assert(span_is(cbor_bytes(&c), "--token=[redacted:3]"));
	cr_assert(facts.marks & ENTRY_MARK_REDACTED);
	redact_free(redact);
}

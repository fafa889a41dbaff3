/* Programs: by a path, by a descriptor, without a name, through an interpreter, and in vain. */
#include "tests/vm/probes/actions.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LEAVES_WITH 7 /* what the program that is executed ends with */
#define FAILED_WITH 8

#define MEMORY_NAME "memfd:sworn-memory"

static char program[4096];
static char word[] = "leave", empty[] = "", argument[] = "two words", env_word[] = "SWORN=1",
            env_preload[] = "LD_PRELOAD=/evil.so";
static char *const argv[] = { word, word, argument, NULL };
static char *const envp[] = { env_word, env_preload, NULL };
static uint32_t argv32[4], envp32[3];
static int program_fd, free_fd; /* the second: what the next to be opened gets */

static uint64_t address(const void *p)
{
	return (uint64_t)(uintptr_t)p;
}

static void fill_pointers(void)
{
	for (int i = 0; argv[i]; i++)
		argv32[i] = (uint32_t)address(argv[i]);
	envp32[0] = (uint32_t)address(env_word);
	envp32[1] = (uint32_t)address(env_preload);
}

static uint64_t argv_of(const struct place *p)
{
	return p->compat ? address(argv32) : address(argv);
}

static uint64_t envp_of(const struct place *p)
{
	return p->compat ? address(envp32) : address(envp);
}

static long execute(const struct place *p, void *path)
{
	uint64_t args[CALL_ARGS] = { address(path), argv_of(p), envp_of(p) };
	return do_call(p, SYS_execve, 11, args);
}

static long execute_at(const struct place *p, int fd, const char *path, uint64_t flags)
{
	uint64_t args[CALL_ARGS] = { (uint64_t)(int64_t)fd, address(path), argv_of(p), envp_of(p), flags };
	return do_call(p, SYS_execveat, 358, args);
}

static long execute_from_dir(const struct place *p, void *path)
{
	return execute_at(p, p->dirfd, path, 0);
}

static long execute_descriptor(const struct place *p, void *context)
{
	(void)context;
	return execute_at(p, program_fd, empty, AT_EMPTY_PATH);
}

static int create(const struct place *p, const char *name, mode_t mode)
{
	char path[sizeof(program)];
	snprintf(path, sizeof(path), "%s%s", p->given, name);
	int fd = openat(p->dirfd, path, O_CREAT | O_WRONLY | O_CLOEXEC, mode);
	if (fd < 0)
		die(path);
	return fd;
}

static void write_file(const struct place *p, const char *name, const char *text, mode_t mode)
{
	int fd = create(p, name, mode);
	if (write(fd, text, strlen(text)) != (ssize_t)strlen(text) || close(fd))
		die(name);
}

static void copy(int to, int from)
{
	struct stat st;
	off_t start = 0;
	if (fstat(from, &st) || sendfile(to, from, &start, (size_t)st.st_size) != st.st_size)
		die("copy");
}

static long execute_memory(const struct place *p, void *context)
{
	(void)context;
	int fd = memfd_create(&MEMORY_NAME[6], MFD_CLOEXEC);
	if (fd < 0)
		die("memfd");
	copy(fd, program_fd);
	return execute_at(p, fd, empty, AT_EMPTY_PATH);
}

static void prepare(const struct place *p)
{
	char text[sizeof(program) + 16];
	fill_pointers();
	snprintf(program, sizeof(program), "%sprogram", p->given);
	snprintf(text, sizeof(text), "#!%s leave\n", program);
	write_file(p, "script", text, 0755);
	write_file(p, "plain", "not to be executed", 0644);
	int to = create(p, "program", 0755);
	copy(to, self_fd);
	if (close(to))
		die("program");
	program_fd = openat(p->dirfd, program, O_RDONLY | O_CLOEXEC);
	if (program_fd < 0)
		die(program);
	free_fd = dup(program_fd);
	close(free_fd);
}

struct exec_call {
	const char *name;
	long (*act)(const struct place *p, void *path);
	const char *path; /* in the place's folder, as it is passed; NULL: by a descriptor */
	const char *exe;  /* what then runs; NULL: it fails */
	bool by_dirfd;    /* takes a directory */
};

static const struct exec_call exec_calls[] = {
	{ "execve", execute, "program", "program", false },
	{ "execve-script", execute, "script", "program", false },
	{ "execveat", execute_from_dir, "program", "program", true },
	{ "execveat-descriptor", execute_descriptor, NULL, "program", true },
	{ "memfd", execute_memory, NULL, MEMORY_NAME, true },
	{ "execve-missing", execute, "missing", NULL, false },
	{ "execve-plain", execute, "plain", NULL, false },
};

static char passed[4096];

static long run(const struct place *p, void *context)
{
	const struct exec_call *c = context;
	return c->act(p, passed);
}

static bool has_run(const struct outcome *outcome)
{
	return outcome->exit_code == LEAVES_WITH;
}

static bool is_script(const struct exec_call *c)
{
	return c->path && strcmp(c->path, "script") == 0;
}

static void say_argv(const struct exec_call *c)
{
	if (is_script(c))
		fprintf(say_to, ",\"argv\":[\"%s\",\"leave\",\"%s\",\"%s\",\"%s\"]", program, passed, word,
		        argument);
	else
		fprintf(say_to, ",\"argv\":[\"%s\",\"%s\",\"%s\"]", word, word, argument);
}

static void say_program(const struct exec_call *c, const struct place *p)
{
	struct stat st;
	bool in_memory = c->act == execute_memory;
	say_path("real", in_memory ? "/" : p->real, c->exe);
	if (!in_memory && fstat(program_fd, &st) == 0)
		fprintf(say_to, ",\"dev\":%u,\"ino\":%llu,\"file\":[%u,%u,%u,%lu]", p->dev,
		        (unsigned long long)st.st_ino, st.st_uid, st.st_gid, st.st_mode,
		        (unsigned long)st.st_nlink);
	if (is_script(c))
		fprintf(say_to, ",\"interpreter\":\"%s\"", program);
	fputs(",\"linker_env\":[\"LD_PRELOAD\"]", say_to);
	say_argv(c);
}

/* What the kernel makes of a descriptor, with and without a name below it. */
static void say_filename(const struct exec_call *c, const struct place *p)
{
	if (!c->path)
		fprintf(say_to, ",\"given\":\"/dev/fd/%d\"", c->act == execute_memory ? free_fd : program_fd);
	else if (c->by_dirfd && p->dirfd != AT_FDCWD)
		fprintf(say_to, ",\"given\":\"/dev/fd/%d/%s\"", p->dirfd, passed);
	else
		fprintf(say_to, ",\"given\":\"%s\"", passed);
}

/* A descriptor has no name: what is told is where it leads. */
static void say_failure(const struct exec_call *c, const struct place *p, const struct outcome *outcome)
{
	bool at = c->by_dirfd;
	say_outcome(p, outcome);
	fprintf(say_to, ",\"syscall\":%d", p->compat ? (at ? 358 : 11) : (at ? SYS_execveat : SYS_execve));
	if (at)
		fprintf(say_to, ",\"flags\":%d", c->path ? 0 : AT_EMPTY_PATH);
	if (c->act == execute_memory)
		say_path("claim", "/", MEMORY_NAME);
	else
		say_path("claim", p->claim, c->path ? c->path : "program");
	say_argv(c);
}

static void say(const struct exec_call *c, const struct place *p, int pid, const struct outcome *outcome)
{
	say_begin(p, c->name, has_run(outcome) ? "exec" : "exec_failed", pid, outcome);
	say_filename(c, p);
	fprintf(say_to, ",\"cwd\":\"%s\"", p->cwd);
	if (has_run(outcome))
		say_program(c, p);
	else
		say_failure(c, p, outcome);
	say_end();
}

void do_execs(const struct place *p)
{
	prepare(p);
	for (size_t i = 0; i < sizeof(exec_calls) / sizeof(exec_calls[0]); i++) {
		const struct exec_call *c = &exec_calls[i];
		struct outcome outcome;
		if (p->dirfd != AT_FDCWD && !c->by_dirfd)
			continue;
		snprintf(passed, sizeof(passed), "%s%s", p->given, c->path ? c->path : "");
		int pid = in_child(p, &outcome, FAILED_WITH, run, (void *)(uintptr_t)c);
		/* An old kernel's TOMOYO looks the name of a descriptor up, which a changed root does not
		 * have. */
		if (has_run(&outcome) != (c->exe != NULL) && c->path)
			die(c->name);
		say(c, p, pid, &outcome);
	}
	close(program_fd);
}

/* System calls of a real 32-bit program, which is executed for each. */
#include "tests/vm/probes/actions.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PROGRAM "/bin/actions32"
#define ARGS    3

struct call32 {
	const char *name, *kind;
	int number;
	bool needs_file;
	const char *args[ARGS]; /* after the number; "n" the name, "t" a second name */
};

static const struct call32 calls32[] = {
	{ "open32", "open", 8, false, { "n", "384" } },
	{ "mkdir32", "mkdir", 39, false, { "n", "488" } },
	{ "rename32", "rename", 38, true, { "n", "t" } },
	{ "chmod32", "chmod", 15, true, { "n", "448" } },
	{ "unlink32", "unlink", 10, true, { "n" } },
	{ "unlink32-failing", "unlink", 10, false, { "n" } },
};

static char program[] = PROGRAM, name[4096], target[4096], number[16];
static char *argv[ARGS + 3];

static long execute(const struct place *p, void *context)
{
	(void)p;
	(void)context;
	execv(PROGRAM, argv);
	die(PROGRAM);
}

static void prepare(const struct call32 *c, const struct place *p)
{
	int n = 0;
	snprintf(name, sizeof(name), "%s%s", p->given, c->name);
	snprintf(target, sizeof(target), "%s%s-to", p->given, c->name);
	snprintf(number, sizeof(number), "%d", c->number);
	argv[n++] = program;
	argv[n++] = number;
	for (int i = 0; i < ARGS && c->args[i]; i++)
		argv[n++] = c->args[i][0] == 'n' ? name : c->args[i][0] == 't' ? target : strdup(c->args[i]);
	argv[n] = NULL;
	int fd = c->needs_file ? open(name, O_CREAT | O_WRONLY | O_CLOEXEC, 0666) : dup(0);
	if (fd < 0 || close(fd))
		die(name);
}

static void say_program(const struct place *p)
{
	struct stat st;
	if (stat(PROGRAM, &st))
		die(PROGRAM);
	fprintf(say_to, ",\"exec\":{\"real\":\"%s\",\"given\":\"%s\",\"cwd\":\"%s\",\"dev\":%u,\"ino\":%llu",
	        PROGRAM, PROGRAM, p->cwd, kernel_dev(st.st_dev), (unsigned long long)st.st_ino);
	fprintf(say_to, ",\"file\":[%u,%u,%u,%lu]", st.st_uid, st.st_gid, st.st_mode,
	        (unsigned long)st.st_nlink);
	for (int i = 0; argv[i]; i++)
		fprintf(say_to, "%s\"%s\"", i ? "," : ",\"argv\":[", argv[i]);
	fputs("]}", say_to);
}

static void say_object(const struct call32 *c, const struct place *p)
{
	struct stat st;
	bool opens = c->number == 8;
	if (opens)
		fprintf(say_to, ",\"flags\":%u", O_CREAT | O_WRONLY | O_TRUNC);
	if (opens && stat(name, &st) == 0)
		fprintf(say_to, ",\"by\":\"descriptor\",\"dev\":%u,\"ino\":%llu", p->dev,
		        (unsigned long long)st.st_ino);
	if (c->args[1] && c->args[1][0] != 't')
		fprintf(say_to, ",\"mode\":%s", c->args[1]);
}

static void say(const struct call32 *c, const struct place *p, int pid, const struct outcome *outcome,
                int lowest_fd)
{
	say_begin(p, c->name, c->kind, pid, outcome);
	fprintf(say_to, ",\"compat\":true,\"result\":%d,\"syscall\":%d",
	        c->number == 8 ? lowest_fd : -outcome->exit_code, c->number);
	say_path("real", p->real, c->name);
	say_path("claim", p->claim, c->name);
	say_path("given", p->given, c->name);
	if (argv[3] == target) {
		fprintf(say_to, ",\"target_real\":\"%s%s-to\"", p->real, c->name);
		fprintf(say_to, ",\"target_claim\":\"%s%s-to\"", p->claim, c->name);
	}
	say_object(c, p);
	say_program(p);
	say_end();
}

/* Everything that is open here closes when the program begins, but for the first three. */
void do_program32(const struct place *p)
{
	if (strcmp(p->way, "absolute") != 0 && strcmp(p->way, "relative") != 0)
		return;
	if (access(PROGRAM, X_OK)) {
		printf("skip: no 32-bit program could be built\n");
		return;
	}
	for (size_t i = 0; i < sizeof(calls32) / sizeof(calls32[0]); i++) {
		struct outcome outcome;
		prepare(&calls32[i], p);
		int pid = in_child(p, &outcome, 1, execute, NULL);
		say(&calls32[i], p, pid, &outcome, 3);
	}
}

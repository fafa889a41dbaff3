/* A sibling changes the string that is passed, or what the name stands for, while a file is opened again and
 * again. What the kernel opened each time is known by its inode: that is what has to be recorded. */
#include "tests/vm/probes/actions.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define OPENS       100
#define STACK_BYTES 65536

/* Shared with the sibling and with the parent. */
struct race {
	char name[4096];
	char other[4096]; /* a second link, that takes the name's place */
	volatile bool over;
	struct {
		long result;
		uint64_t inode;
	} opened[OPENS];
};

struct race_call {
	const char *name;
	int (*sibling)(void *context);
	int share; /* with the sibling, beside memory */
};

static char stack[STACK_BYTES] __attribute__((aligned(16)));

/* Between .../a and .../b. */
static int flip_string(void *context)
{
	struct race *r = context;
	char *last = r->name + strlen(r->name) - 1;
	while (!r->over)
		*last ^= 'a' ^ 'b';
	return 0;
}

static int swap_links(void *context)
{
	const struct race *r = context;
	while (!r->over)
		if (renameat2(AT_FDCWD, r->name, AT_FDCWD, r->other, RENAME_EXCHANGE))
			return 1;
	return 0;
}

static const struct race_call race_calls[] = {
	{ "race-string", flip_string, 0 },
	{ "race-link", swap_links, 0 },
	{ "race-table", flip_string, CLONE_FILES },
};

static void open_once(struct race *r, int i)
{
	struct stat st = { 0 };
	int fd = open(r->name, O_WRONLY);
	if (fd < 0 || fstat(fd, &st) || close(fd))
		die(r->name);
	r->opened[i].result = fd;
	r->opened[i].inode = st.st_ino;
}

struct job {
	const struct race_call *call;
	struct race *race;
};

static long run(const struct place *p, void *context)
{
	const struct job *job = context;
	struct race *r = job->race;
	(void)p;
	int pid = clone(job->call->sibling, stack + STACK_BYTES, CLONE_VM | SIGCHLD | job->call->share, r);
	if (pid < 0)
		die("clone");
	for (int i = 0; i < OPENS; i++)
		open_once(r, i);
	r->over = true;
	waitpid(pid, NULL, 0);
	return 0;
}

static void make_file(const char *path)
{
	int fd = open(path, O_CREAT | O_WRONLY, 0666);
	if (fd < 0 || close(fd))
		die(path);
}

/* The file itself, or a link to it that can be swapped with another's. */
static void prepare(const struct race_call *c, const struct place *p, struct race *r)
{
	make_file("race-a");
	make_file("race-b");
	bool links = c->sibling == swap_links;
	memset(r, 0, sizeof(*r));
	snprintf(r->name, sizeof(r->name), "%srace-%s", p->given, links ? "link" : "a");
	snprintf(r->other, sizeof(r->other), "%srace-other", p->given);
	if (links && (symlink("race-a", r->name) || symlink("race-b", r->other)))
		die("symlink");
}

static void say(const struct race_call *c, const struct place *p, int pid, const struct outcome *outcome,
                const struct race *r)
{
	struct stat a, b;
	if (stat("race-a", &a) || stat("race-b", &b))
		die("race");
	say_begin(p, c->name, "open", pid, outcome);
	fprintf(say_to, ",\"unsure\":%s,\"race\":[", c->share ? "true" : "false");
	for (int i = 0; i < OPENS; i++)
		fprintf(say_to, "%s[%ld,\"%srace-%c\",%llu]", i ? "," : "", r->opened[i].result, p->real,
		        r->opened[i].inode == a.st_ino ? 'a' : 'b', (unsigned long long)r->opened[i].inode);
	fputs("]", say_to);
	say_end();
}

void do_races(const struct place *p)
{
	if (strcmp(p->way, "relative") != 0)
		return;
	struct race *r = mmap(NULL, sizeof(*r), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (r == MAP_FAILED)
		die("mmap");
	for (size_t i = 0; i < sizeof(race_calls) / sizeof(race_calls[0]); i++) {
		struct job job = { &race_calls[i], r };
		struct outcome outcome;
		prepare(job.call, p, r);
		int pid = in_child(p, &outcome, (int)i, run, &job);
		say(job.call, p, pid, &outcome, r);
	}
	munmap(r, sizeof(*r));
}

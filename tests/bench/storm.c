/* The storms of `make bench-collect`, and what they cost the one that makes them, as a line of JSON.
 *
 * storm files DIR COUNT RATE   COUNT files: create, write, rename, chmod, unlink; RATE a second, 0: at once
 * storm execs COUNT RATE       /bin/true COUNT times
 * storm calls COUNT            1-byte reads and writes, which no program is interested in
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static double now_s(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double used_s(int who)
{
	struct rusage u;
	getrusage(who, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

/* Keep to `rate` a second; a storm that is behind does not wait. */
static void pace(double begun, long done, long rate)
{
	if (rate <= 0)
		return;
	double ahead = begun + (double)done / (double)rate - now_s();
	if (ahead > 0.002)
		usleep((useconds_t)(ahead * 1e6));
}

static void one_file(const char *dir, long i)
{
	char name[512], renamed[512];
	snprintf(name, sizeof(name), "%s/f%ld", dir, i);
	snprintf(renamed, sizeof(renamed), "%s/r%ld", dir, i);
	int fd = open(name, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, "swornlog", 8) != 8 || close(fd) < 0)
		fail(name);
	if (rename(name, renamed) < 0 || chmod(renamed, 0640) < 0 || unlink(renamed) < 0)
		fail(renamed);
}

static void one_exec(void)
{
	char *arguments[] = { "/bin/true", NULL };
	pid_t pid;
	int status;
	if (posix_spawn(&pid, arguments[0], NULL, NULL, arguments, environ))
		fail(arguments[0]);
	if (waitpid(pid, &status, 0) < 0 || status != 0)
		fail("waitpid");
}

static void one_pair(int from, int to)
{
	char byte;
	if (read(from, &byte, 1) != 1 || write(to, &byte, 1) != 1)
		fail("read and write");
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	int at = strcmp(what, "files") == 0 ? 3 : 2;
	if (argc <= at) {
		fputs("usage: storm files DIR COUNT RATE | execs COUNT RATE | calls COUNT\n", stderr);
		return 2;
	}
	long count = atol(argv[at]), rate = argc > at + 1 ? atol(argv[at + 1]) : 0;
	int from = open("/dev/zero", O_RDONLY | O_CLOEXEC), to = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (from < 0 || to < 0)
		fail("open");
	double begun = now_s();
	for (long i = 0; i < count; i++) {
		pace(begun, i, rate);
		if (at == 3)
			one_file(argv[2], i);
		else if (strcmp(what, "execs") == 0)
			one_exec();
		else
			one_pair(from, to);
	}
	double seconds = now_s() - begun;
	printf("{\"count\": %ld, \"seconds\": %.6f, \"cpu\": %.6f}\n", count, seconds,
	       used_s(RUSAGE_SELF) + used_s(RUSAGE_CHILDREN));
	return 0;
}

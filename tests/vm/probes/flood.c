/* Makes many events of one kind, counts them, and says how many: what there has to be in the store, in the
 * losses and in what was filtered.
 *
 *   flood PROCESSES COUNT KIND    COUNT failing calls in each of so many processes; KIND is removexattr or
 * rmdir flood decoy COUNT             COUNT of removexattr by a thread that always preempts another in its
 * system call on the same CPU (rmdir), as user 65534
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#define NOWHERE "/sworn/flood/none"
#define DECOY   "/tmp/decoy"
#define NOBODY  65534

static void call(const char *kind)
{
	if (strcmp(kind, "removexattr") == 0)
		removexattr(NOWHERE, "user.sworn");
	else
		rmdir(NOWHERE);
}

static int flood(long processes, long count, const char *kind)
{
	for (long i = 0; i < processes; i++) {
		pid_t pid = fork();
		if (pid < 0)
			return 1;
		for (long n = 0; pid == 0 && n < count; n++)
			call(kind);
		if (pid == 0)
			_exit(0);
	}
	while (wait(NULL) > 0)
		;
	printf("did %s %ld\n", kind, processes * count);
	return 0;
}

static volatile int over;
static long decoys;

/* A deep working directory: its path takes long to record. */
static int go_deep(void)
{
	if (mkdir(DECOY, 0777) || chdir(DECOY))
		return 1;
	for (int i = 0; i < 60; i++)
		if (mkdir("x", 0777) || chdir("x"))
			return 1;
	return 0;
}

/* The lower thread: always in a system call whose record takes long to make. */
static void *stay_in_calls(void *context)
{
	(void)context;
	setpriority(PRIO_PROCESS, 0, 19);
	while (!over) {
		rmdir("none");
		decoys++;
	}
	return NULL;
}

static int pin(void)
{
	cpu_set_t one;
	CPU_ZERO(&one);
	CPU_SET(0, &one);
	return sched_setaffinity(0, sizeof(one), &one);
}

/* Each wake-up preempts the lower thread wherever it is. */
static int decoy(long count)
{
	pthread_t lower;
	struct timespec pause = { .tv_nsec = 20000 };
	if (go_deep() || pin() || setgid(NOBODY) || setuid(NOBODY) ||
	    pthread_create(&lower, NULL, stay_in_calls, NULL))
		return 1;
	for (long n = 0; n < count; n++) {
		nanosleep(&pause, NULL);
		call("removexattr");
	}
	over = 1;
	pthread_join(lower, NULL);
	printf("did removexattr %ld\ndid rmdir %ld\n", count, decoys);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 4)
		return flood(atol(argv[1]), atol(argv[2]), argv[3]);
	if (argc == 3 && strcmp(argv[1], "decoy") == 0)
		return decoy(atol(argv[2]));
	fprintf(stderr, "usage: flood PROCESSES COUNT removexattr|rmdir | flood decoy COUNT\n");
	return 2;
}

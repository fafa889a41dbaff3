/* actions OUTPUT | actions leave: see actions.h. The second form is what the first executes. */
#include "tests/vm/probes/actions.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOGIN_UID "1234"

FILE *say_to;
int self_fd;
static unsigned loginuid, session;

void die(const char *what)
{
	fprintf(stderr, "actions: %s: %s\n", what, strerror(errno));
	_exit(1);
}

uint32_t kernel_dev(uint64_t dev)
{
	uint64_t major = dev >> 8 & 0xfff;
	uint64_t minor = (dev & 0xff) | (dev >> 12 & 0xfff00);
	return (uint32_t)(major << 20 | minor);
}

static long int80(int number, const uint64_t a[CALL_ARGS])
{
	long result;
	asm volatile("int $0x80"
	             : "=a"(result)
	             : "a"(number), "b"(a[0]), "c"(a[1]), "d"(a[2]), "S"(a[3]), "D"(a[4])
	             : "memory", "r8", "r9", "r10", "r11");
	return result;
}

/* The program is linked at a low address: its own strings can be named in 32 bits. */
long do_call(const struct place *p, int number, int compat_number, const uint64_t args[CALL_ARGS])
{
	if (p->compat)
		return (int)int80(compat_number, args);
	long result = syscall(number, args[0], args[1], args[2], args[3], args[4], args[5]);
	return result == -1 ? -errno : result;
}

struct job {
	const struct place *place;
	struct outcome *outcome;
	long (*act)(const struct place *p, void *context);
	void *context;
};

static void *run_job(void *context)
{
	struct job *job = context;
	job->outcome->tid = (int)syscall(SYS_gettid);
	job->outcome->result = job->act(job->place, job->context);
	return NULL;
}

static void run_child(struct job *job)
{
	pthread_t thread;
	if (!job->place->thread)
		run_job(job);
	else if (pthread_create(&thread, NULL, run_job, job) || pthread_join(thread, NULL))
		die("thread");
}

int in_child(const struct place *p, struct outcome *outcome, int exit_code,
             long (*act)(const struct place *p, void *context), void *context)
{
	static struct outcome *shared;
	int status;
	if (!shared)
		shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		              0);
	if (shared == MAP_FAILED)
		die("mmap");
	struct job job = { p, shared, act, context };
	pid_t pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0) {
		run_child(&job);
		_exit(exit_code);
	}
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		die("a child has not ended as it should");
	*outcome = *shared;
	outcome->exit_code = WEXITSTATUS(status);
	return pid;
}

void say_begin(const struct place *p, const char *call, const char *kind, int pid,
               const struct outcome *outcome)
{
	fprintf(say_to, "{\"way\":\"%s\",\"call\":\"%s\",\"kind\":\"%s\",\"pid\":%d,\"ppid\":%d,\"exit\":%d",
	        p->way, call, kind, pid, getpid(), outcome->exit_code);
	fprintf(say_to, ",\"ids\":{\"uid\":%u,\"auid\":%u,\"session\":%u}", getuid(), loginuid, session);
}

void say_outcome(const struct place *p, const struct outcome *outcome)
{
	fprintf(say_to, ",\"result\":%ld", outcome->result);
	if (p->compat)
		fputs(",\"compat\":true", say_to);
	if (p->thread)
		fprintf(say_to, ",\"tid\":%d", outcome->tid);
}

void say_path(const char *key, const char *folder, const char *name)
{
	fprintf(say_to, ",\"%s\":\"%s%s\"", key, folder, name);
}

void say_end(void)
{
	fputs("}\n", say_to);
	if (fflush(say_to))
		die("output");
}

static unsigned read_number(const char *path)
{
	char text[32] = { 0 };
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
		die(path);
	close(fd);
	return (unsigned)strtoul(text, NULL, 10);
}

static void log_in(void)
{
	int fd = open("/proc/self/loginuid", O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, LOGIN_UID, strlen(LOGIN_UID)) < 0)
		die("loginuid");
	close(fd);
	loginuid = read_number("/proc/self/loginuid");
	session = read_number("/proc/self/sessionid");
}

static void act(const struct place *p)
{
	do_calls(p);
	do_execs(p);
	do_uring(p);
	do_program32(p);
	do_others(p);
	do_races(p);
}

int main(int argc, char **argv)
{
	if (argc >= 2 && strcmp(argv[1], "leave") == 0)
		return 7;
	if (argc != 2) {
		fprintf(stderr, "usage: actions OUTPUT\n");
		return 2;
	}
	say_to = fopen(argv[1], "ae");
	if (!say_to)
		die(argv[1]);
	self_fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	if (self_fd < 0)
		die("/proc/self/exe");
	umask(0);
	log_in();
	in_places(act);
	return fclose(say_to) ? 1 : 0;
}

#include "drill/program.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define STOP_WAIT_MS 10000u
#define POLL_MS      10u

void sleep_ms(unsigned ms)
{
	struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000 };
	while (nanosleep(&t, &t) < 0 && errno == EINTR)
		;
}

int program_find(const char *name, char ret[PATH_MAX])
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (n <= 0)
		return -errno;
	self[n] = 0;
	char *slash = strrchr(self, '/');
	if (!slash)
		return -ENOENT;
	*slash = 0;
	static const char *const folders[] = { "", "../sbin/" };
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
		int len = snprintf(ret, PATH_MAX, "%s/%s%s", self, folders[i], name);
		if (len > 0 && len < PATH_MAX && access(ret, X_OK) == 0)
			return 0;
	}
	return -ENOENT;
}

static _Noreturn void become(const char *path, int log, pid_t parent, const char *const *argv)
{
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* Whatever becomes of the drill, nothing of its fleet goes on. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	int null = open("/dev/null", O_RDONLY);
	if (getppid() != parent || null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(log, STDOUT_FILENO) < 0 ||
	    dup2(log, STDERR_FILENO) < 0)
		_exit(126);
	close(null);
	execv(path, (char *const *)(uintptr_t)argv);
	_exit(127);
}

int program_start(struct program *p, const char *log, const char *const *argv)
{
	char path[PATH_MAX];
	int r = program_find(argv[0], path);
	if (r < 0)
		return r;
	cleanup_close int fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	pid_t parent = getpid(), pid = fork();
	if (pid == 0)
		become(path, fd, parent, argv);
	if (pid < 0)
		return -errno;
	p->pid = pid;
	return 0;
}

static int status_of(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int program_run(const char *log, const char *const *argv)
{
	struct program p = { 0 };
	int status, r = program_start(&p, log, argv);
	if (r < 0)
		return r;
	while (waitpid(p.pid, &status, 0) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	return status_of(status);
}

bool program_running(struct program *p)
{
	int status;
	if (p->pid && waitpid(p->pid, &status, WNOHANG) == p->pid)
		p->pid = 0;
	return p->pid != 0;
}

int program_stop(struct program *p)
{
	int status;
	if (!p->pid)
		return 0;
	kill(p->pid, SIGTERM);
	for (unsigned waited = 0; waited < STOP_WAIT_MS; waited += POLL_MS) {
		if (waitpid(p->pid, &status, WNOHANG) == p->pid) {
			p->pid = 0;
			return status_of(status);
		}
		sleep_ms(POLL_MS);
	}
	program_kill(p);
	return -ETIMEDOUT;
}

void program_kill(struct program *p)
{
	int status;
	if (!p->pid)
		return;
	kill(p->pid, SIGKILL);
	while (waitpid(p->pid, &status, 0) < 0 && errno == EINTR)
		;
	p->pid = 0;
}

int program_signal(const struct program *p, int number)
{
	return p->pid && kill(p->pid, number) == 0 ? 0 : -ESRCH;
}

#include "sink/child.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static _Noreturn void run(const char *name, void (*serve)(const void *arg, int fd), const void *arg, int fd)
{
	prctl(PR_SET_NAME, name);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* A signal to the group stops the sink, which may need this process for its last words. */
	signal(SIGTERM, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	serve(arg, fd);
	_exit(0);
}

int child_start(const char *name, void (*serve)(const void *arg, int fd), const void *arg, struct child *ret)
{
	int pair[2];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	pid_t pid = fork();
	if (pid < 0) {
		int r = -errno;
		close(pair[0]);
		close(pair[1]);
		return r;
	}
	if (pid == 0) {
		close(pair[0]);
		run(name, serve, arg, pair[1]);
	}
	close(pair[1]);
	*ret = (struct child){ .pid = pid, .fd = pair[0] };
	return 0;
}

void child_stop(struct child *c)
{
	if (c->pid <= 0)
		return;
	close(c->fd);
	kill(c->pid, SIGKILL);
	while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR)
		;
	*c = (struct child){ .fd = -1 };
}

#include "drill/relay.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define LINKS_MAX 16

struct ends {
	int fd[2]; /* the host's, the sink's; -1: free */
};

static struct sockaddr_in loopback(unsigned port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
		                     .sin_port = htons((uint16_t)port),
		                     .sin_addr = { htonl(INADDR_LOOPBACK) } };
}

static int listen_any(unsigned *ret_port)
{
	struct sockaddr_in a = loopback(0);
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(fd, LINKS_MAX) < 0 ||
	    getsockname(fd, (struct sockaddr *)&a, &len) < 0) {
		int r = -errno;
		close(fd);
		return r;
	}
	*ret_port = ntohs(a.sin_port);
	return fd;
}

static void drop(struct ends *e)
{
	close_fd(&e->fd[0]);
	close_fd(&e->fd[1]);
}

static void take_link(int listener, unsigned to, struct ends links[LINKS_MAX])
{
	struct sockaddr_in a = loopback(to);
	struct ends e = { { accept4(listener, NULL, NULL, SOCK_CLOEXEC),
		            socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) } };
	for (size_t i = 0; i < LINKS_MAX; i++) {
		if (links[i].fd[0] >= 0)
			continue;
		if (e.fd[0] < 0 || e.fd[1] < 0 || connect(e.fd[1], (struct sockaddr *)&a, sizeof(a)) < 0)
			break;
		links[i] = e;
		return;
	}
	drop(&e);
}

static bool pass_on(int from, int to)
{
	char bytes[16384];
	ssize_t n = recv(from, bytes, sizeof(bytes), 0);
	for (ssize_t at = 0; at < n;) {
		ssize_t sent = send(to, bytes + at, (size_t)(n - at), MSG_NOSIGNAL);
		if (sent <= 0)
			return false;
		at += sent;
	}
	return n > 0;
}

static _Noreturn void serve(int listener, unsigned to)
{
	struct ends links[LINKS_MAX];
	struct pollfd p[1 + 2 * LINKS_MAX];
	for (size_t i = 0; i < LINKS_MAX; i++)
		links[i] = (struct ends){ { -1, -1 } };
	for (;;) {
		p[0] = (struct pollfd){ .fd = listener, .events = POLLIN };
		for (size_t i = 0; i < 2 * LINKS_MAX; i++)
			p[1 + i] = (struct pollfd){ .fd = links[i / 2].fd[i % 2], .events = POLLIN };
		if (poll(p, ARRAY_SIZE(p), -1) < 0)
			continue;
		for (size_t i = 0; i < 2 * LINKS_MAX; i++) {
			struct ends *e = &links[i / 2];
			if (p[1 + i].revents && e->fd[0] >= 0 && !pass_on(e->fd[i % 2], e->fd[1 - i % 2]))
				drop(e);
		}
		if (p[0].revents)
			take_link(listener, to, links);
	}
}

int relay_start(struct relay *r, unsigned to_port)
{
	int listener = listen_any(&r->port);
	if (listener < 0)
		return listener;
	pid_t parent = getpid(), pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() == parent)
			serve(listener, to_port);
		_exit(1);
	}
	int error = errno;
	close(listener);
	if (pid < 0)
		return -error;
	r->process.pid = pid;
	return 0;
}

void relay_cut(struct relay *r)
{
	program_kill(&r->process);
}

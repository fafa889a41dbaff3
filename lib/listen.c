#include "lib/listen.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

int listen_unix(const char *path, mode_t mode, int *ret_fd)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof(a.sun_path))
		return -ENAMETOOLONG;
	memcpy(a.sun_path, path, strlen(path));
	cleanup_close int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (unlink(path) < 0 && errno != ENOENT)
		return -errno;
	if (bind(fd, (const struct sockaddr *)&a, sizeof(a)) < 0 || chmod(path, mode) < 0 ||
	    listen(fd, 16) < 0)
		return -errno;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

#define FIRST_INHERITED_FD 3

void listen_inherited(const char *name, int *ret_fd)
{
	const char *pid = getenv("LISTEN_PID"), *names = getenv("LISTEN_FDNAMES");
	*ret_fd = -1;
	if (!pid || !names || strtol(pid, NULL, 10) != getpid())
		return;
	size_t n = strlen(name);
	for (int fd = FIRST_INHERITED_FD; names; fd++) {
		const char *end = strchr(names, ':');
		size_t len = end ? (size_t)(end - names) : strlen(names);
		if (len == n && memcmp(names, name, n) == 0) {
			fcntl(fd, F_SETFD, FD_CLOEXEC);
			fcntl(fd, F_SETFL, O_NONBLOCK);
			*ret_fd = fd;
			return;
		}
		names = end ? end + 1 : NULL;
	}
}

int listen_parse(const char *where, struct addrinfo **ret)
{
	char host[INET6_ADDRSTRLEN + 2];
	const char *colon = strrchr(where, ':');
	size_t n = colon ? (size_t)(colon - where) : 0;
	if (n == 0 || n >= sizeof(host))
		return -EINVAL;
	bool bracketed = where[0] == '[' && where[n - 1] == ']';
	if (!bracketed && memchr(where, ':', n))
		return -EINVAL;
	snprintf(host, sizeof(host), "%.*s", (int)(bracketed ? n - 2 : n), where + (bracketed ? 1 : 0));
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
		                  .ai_socktype = SOCK_STREAM };
	return getaddrinfo(host, colon + 1, &hints, ret) == 0 ? 0 : -EINVAL;
}

void listen_name(int fd, char ret[LISTEN_NAME_MAX + 1])
{
	struct sockaddr_storage a;
	socklen_t n = sizeof(a);
	char host[INET6_ADDRSTRLEN] = "?";
	snprintf(ret, LISTEN_NAME_MAX + 1, "?");
	if (getsockname(fd, (struct sockaddr *)&a, &n) < 0)
		return;
	if (a.ss_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&a;
		inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof(host));
		snprintf(ret, LISTEN_NAME_MAX + 1, "[%s]:%u", host, ntohs(in6->sin6_port));
		return;
	}
	const struct sockaddr_in *in = (const struct sockaddr_in *)&a;
	inet_ntop(AF_INET, &in->sin_addr, host, sizeof(host));
	snprintf(ret, LISTEN_NAME_MAX + 1, "%s:%u", host, ntohs(in->sin_port));
}

#define SPARE_FDS 64 /* for what is no connection */

void listen_raise_limit(size_t *connections)
{
	struct rlimit l;
	if (getrlimit(RLIMIT_NOFILE, &l) < 0)
		return;
	rlim_t want = *connections + SPARE_FDS;
	if (l.rlim_cur < want) {
		l.rlim_cur = MIN(want, l.rlim_max);
		(void)!setrlimit(RLIMIT_NOFILE, &l);
	}
	if (l.rlim_cur < want)
		*connections = l.rlim_cur > 2 * SPARE_FDS ? l.rlim_cur - SPARE_FDS : SPARE_FDS;
}

#include "cli/status_source.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/env.h"
#include "verify/window.h"

#define ANSWER_TIMEOUT_S 2

int status_read_file(const char *folder, const char *process, struct buf *ret, uint64_t *ret_age_us)
{
	char name[64];
	struct stat st;
	cleanup_close int dirfd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dirfd < 0)
		return -errno;
	snprintf(name, sizeof(name), "%s.status", process);
	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	int r = window_read_file(dirfd, name, STATUS_MAX_BYTES, ret);
	if (r < 0)
		return r;
	uint64_t written = (uint64_t)st.st_mtim.tv_sec * 1000000 + (uint64_t)st.st_mtim.tv_nsec / 1000;
	uint64_t now = env_system()->wall_us(env_system());
	*ret_age_us = now > written ? now - written : 0;
	return 0;
}

static int connect_to(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct timeval timeout = { .tv_sec = ANSWER_TIMEOUT_S };
	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, strlen(path) + 1);
	cleanup_close int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout)) < 0 ||
	    connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	return TAKE_FD(fd);
}

int status_ask_sink(const char *socket_path, struct buf *ret)
{
	static const char question[] = "status\n";
	char answer[4096];
	cleanup_close int fd = connect_to(socket_path);
	if (fd < 0)
		return fd;
	if (send(fd, question, strlen(question), MSG_NOSIGNAL) != (ssize_t)strlen(question))
		return -EIO;
	size_t before = ret->len;
	for (;;) {
		ssize_t n = recv(fd, answer, sizeof(answer), 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
		if (n == 0)
			break;
		buf_put(ret, answer, (size_t)n);
		if (ret->len - before > STATUS_MAX_BYTES)
			return -EFBIG;
		if (memchr(answer, '\n', (size_t)n))
			break;
	}
	return buf_err(ret);
}

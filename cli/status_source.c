#include "cli/status_source.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/connect.h"
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

int status_ask_sink(const char *socket_path, struct buf *ret)
{
	static const char question[] = "status\n";
	char answer[4096];
	cleanup_close int fd = -1;
	int err = connect_unix_timeout(socket_path, ANSWER_TIMEOUT_S, &fd);
	if (err)
		return err;
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

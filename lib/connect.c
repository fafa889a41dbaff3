#include "lib/connect.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

static int connect_socket(int fd, const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t len = strlen(path);
	if (len >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, len + 1);
	return connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ? -errno : 0;
}

int connect_unix(const char *path, int *ret_fd)
{
	cleanup_close int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int err = fd < 0 ? -errno : connect_socket(fd, path);
	if (err)
		return err;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int connect_unix_timeout(const char *path, unsigned timeout_s, int *ret_fd)
{
	struct timeval timeout = { .tv_sec = timeout_s };
	cleanup_close int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout)) < 0)
		return -errno;
	int err = connect_socket(fd, path);
	if (err)
		return err;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

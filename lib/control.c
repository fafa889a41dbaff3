#include "lib/control.h"

#include <sys/socket.h>

#include "lib/connect.h"

static int send_all(int fd, struct span bytes)
{
	while (bytes.len > 0) {
		ssize_t n = send(fd, bytes.data, bytes.len, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		bytes.data += n;
		bytes.len -= (size_t)n;
	}
	return 0;
}

static int receive_line(int fd, struct buf *ret)
{
	size_t start = ret->len;
	while (ret->len - start < CONTROL_ANSWER_MAX) {
		uint8_t chunk[4096];
		ssize_t n = recv(fd, chunk, sizeof(chunk), 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return -EPROTO;
		const uint8_t *end = memchr(chunk, '\n', (size_t)n);
		buf_put(ret, chunk, end ? (size_t)(end - chunk) : (size_t)n);
		if (end || buf_err(ret) < 0)
			return buf_err(ret);
	}
	return -EPROTO;
}

int control_ask(const char *socket_path, struct span question, unsigned wait_s, struct buf *ret)
{
	cleanup_close int fd = -1;
	int r = connect_unix_timeout(socket_path, wait_s, &fd);
	if (r == 0)
		r = send_all(fd, question);
	return r < 0 ? r : receive_line(fd, ret);
}

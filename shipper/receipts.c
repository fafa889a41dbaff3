#include "shipper/receipts.h"

#include <poll.h>
#include <sys/socket.h>

#include "lib/connect.h"

#define CHUNK_BYTES   65536u
#define SEND_LIMIT_MS 10000

int receipts_connect(struct receipts *r, const char *path)
{
	int fd, err = connect_unix(path, &fd);
	if (err)
		return err;
	receipts_close(r);
	r->fd = fd;
	return 0;
}

void receipts_close(struct receipts *r)
{
	close_fd(&r->fd);
	buf_done(&r->in);
	*r = (struct receipts){ .fd = -1 };
}

int receipts_read(struct receipts *r)
{
	buf_consume(&r->in, r->used);
	r->used = 0;
	/* The sealer's messages are short: so much unread means that it talks nonsense. */
	while (r->in.len < 2 * UPLINK_MAX_BYTES) {
		uint8_t *at = buf_extend(&r->in, CHUNK_BYTES);
		if (!at)
			return buf_err(&r->in);
		ssize_t n = recv(r->fd, at, CHUNK_BYTES, 0);
		int e = n < 0 ? errno : 0;
		r->in.len -= CHUNK_BYTES - (size_t)MAX(n, 0);
		if (n == 0)
			return -EPIPE;
		if (e == EAGAIN)
			return 0;
		if (n < 0 && e != EINTR)
			return -EPIPE;
	}
	return 0;
}

int receipts_next(struct receipts *r, struct uplink_message *ret)
{
	if (r->used == r->in.len)
		return 0;
	ssize_t n = uplink_parse((struct span){ r->in.data + r->used, r->in.len - r->used }, ret);
	if (n <= 0)
		return (int)n;
	r->used += (size_t)n;
	return 1;
}

int receipts_send(struct receipts *r, struct span bytes)
{
	while (bytes.len > 0) {
		ssize_t n = send(r->fd, bytes.data, bytes.len, MSG_NOSIGNAL);
		if (n >= 0) {
			bytes.data += n;
			bytes.len -= (size_t)n;
			continue;
		}
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
		struct pollfd p = { .fd = r->fd, .events = POLLOUT };
		int ready = poll(&p, 1, SEND_LIMIT_MS);
		if (ready == 0)
			return -ETIMEDOUT;
		if (ready < 0 && errno != EINTR)
			return -errno;
	}
	return 0;
}

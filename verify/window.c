#include "verify/window.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

int window_measure(struct window *w)
{
	if (w->fd < 0)
		return 0;
	struct stat st;
	if (fstat(w->fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	w->size = (uint64_t)st.st_size;
	w->len = 0;
	return 0;
}

int window_open(struct window *w, int dirfd, const char *path)
{
	/* O_NONBLOCK: a FIFO in a hostile store must not hold us up. */
	int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	*w = (struct window){ .fd = fd };
	int r = window_measure(w);
	if (r < 0)
		window_done(w);
	return r;
}

int window_from_bytes(struct window *w, struct span bytes)
{
	uint8_t *copy = malloc(MAX(bytes.len, (size_t)1));
	if (!copy)
		return -ENOMEM;
	if (bytes.len)
		memcpy(copy, bytes.data, bytes.len);
	*w = (struct window){ .fd = -1, .data = copy, .cap = bytes.len, .len = bytes.len, .size = bytes.len };
	return 0;
}

int window_again(const struct window *w, struct window *ret)
{
	if (w->fd < 0)
		return window_from_bytes(ret, (struct span){ w->data, w->len });
	int fd = fcntl(w->fd, F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	*ret = (struct window){ .fd = fd, .size = w->size };
	return 0;
}

void window_done(struct window *w)
{
	close_fd(&w->fd);
	free(w->data);
	*w = (struct window){ .fd = -1 };
}

static int make_room(struct window *w, size_t n)
{
	if (w->cap >= n)
		return 0;
	uint8_t *grown = malloc(n);
	if (!grown)
		return -ENOMEM;
	free(w->data);
	w->data = grown;
	w->cap = n;
	w->len = 0;
	return 0;
}

static int load(struct window *w, uint64_t offset, size_t least)
{
	size_t want = (size_t)MIN(MAX((uint64_t)least, (uint64_t)WINDOW_BYTES), w->size - offset);
	int r = make_room(w, want);
	if (r < 0)
		return r;
	w->at = offset;
	w->len = 0;
	while (w->len < want) {
		ssize_t got = pread(w->fd, w->data + w->len, want - w->len, (off_t)(offset + w->len));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			break;
		w->len += (size_t)got;
	}
	/* Shorter than it was measured: somebody cut it meanwhile. */
	return w->len < least ? -ENODATA : 0;
}

int window_get(struct window *w, uint64_t offset, size_t n, struct span *ret)
{
	if (offset > w->size || n > w->size - offset)
		return -ENODATA;
	bool held =
	        w->len > 0 && offset >= w->at && offset - w->at <= w->len && n <= w->len - (offset - w->at);
	if (!held && n > 0) {
		if (w->fd < 0)
			return -ENODATA;
		int r = load(w, offset, n);
		if (r < 0)
			return r;
	}
	*ret = (struct span){ n ? w->data + (offset - w->at) : NULL, n };
	return 0;
}

int window_read_file(int dirfd, const char *path, size_t max_bytes, struct buf *ret)
{
	cleanup_window struct window w = { .fd = -1 };
	struct span all;
	int r = window_open(&w, dirfd, path);
	if (r < 0)
		return r;
	if (w.size > max_bytes)
		return -EFBIG;
	r = window_get(&w, 0, (size_t)w.size, &all);
	if (r < 0)
		return r;
	buf_put(ret, all.data, all.len);
	return buf_err(ret);
}

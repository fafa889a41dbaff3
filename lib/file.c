#include "lib/file.h"

#include <fcntl.h>
#include <stdio.h>

#define TEMPORARY_MAX 256

int file_read_exact(const struct env *env, int fd, void *p, size_t n, uint64_t offset)
{
	uint8_t *at = p;
	while (n > 0) {
		ssize_t got = env->pread(env, fd, at, n, offset);
		if (got == -EINTR)
			continue;
		if (got < 0)
			return (int)got;
		if (got == 0)
			return -EIO;
		at += got;
		n -= (size_t)got;
		offset += (size_t)got;
	}
	return 0;
}

int file_write_all(const struct env *env, int fd, struct span content, uint64_t offset)
{
	while (content.len > 0) {
		ssize_t put = env->pwrite(env, fd, content.data, content.len, offset);
		if (put == -EINTR)
			continue;
		if (put < 0)
			return (int)put;
		if (put == 0)
			return -EIO;
		content.data += put;
		content.len -= (size_t)put;
		offset += (size_t)put;
	}
	return 0;
}

static int read_open_file(const struct env *env, int fd, size_t max_bytes, struct buf *ret)
{
	uint64_t size;
	int r = env->size(env, fd, &size);
	if (r < 0)
		return r;
	if (size > max_bytes)
		return -EFBIG;
	size_t before = ret->len;
	uint8_t *at = buf_extend(ret, (size_t)size);
	if (!at)
		return buf_err(ret);
	r = file_read_exact(env, fd, at, (size_t)size, 0);
	if (r < 0)
		ret->len = before;
	return r;
}

int file_read(const struct env *env, int dirfd, const char *path, size_t max_bytes, struct buf *ret)
{
	int fd = env->open(env, dirfd, path, O_RDONLY, 0);
	if (fd < 0)
		return fd;
	int r = read_open_file(env, fd, max_bytes, ret);
	int closed = env->close(env, fd);
	return r < 0 ? r : closed;
}

static int write_and_sync(const struct env *env, int fd, struct span content)
{
	int r = file_write_all(env, fd, content, 0);
	if (r < 0)
		return r;
	return env->datasync(env, fd);
}

static int temporary_name(char ret[TEMPORARY_MAX], const char *path)
{
	int n = snprintf(ret, TEMPORARY_MAX, "%s.tmp", path);
	return n < 0 || n >= TEMPORARY_MAX ? -ENAMETOOLONG : 0;
}

int file_replace(const struct env *env, int dirfd, const char *path, struct span content, mode_t mode)
{
	char temporary[TEMPORARY_MAX];
	int r = temporary_name(temporary, path);
	if (r < 0)
		return r;
	int fd = env->open(env, dirfd, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode);
	if (fd < 0)
		return fd;
	r = write_and_sync(env, fd, content);
	int closed = env->close(env, fd);
	if (r == 0)
		r = closed;
	if (r == 0)
		r = env->rename(env, dirfd, temporary, path);
	if (r == 0)
		return env->dirsync(env, dirfd);
	env->unlink(env, dirfd, temporary);
	return r;
}

int file_publish(const struct env *env, int dirfd, const char *path, struct span content)
{
	char temporary[TEMPORARY_MAX];
	int r = temporary_name(temporary, path);
	if (r == 0)
		r = env->unlink(env, dirfd, temporary);
	if (r < 0 && r != -ENOENT)
		return r;
	int fd = env->open(env, dirfd, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0644);
	if (fd < 0)
		return fd;
	r = file_write_all(env, fd, content, 0);
	int closed = env->close(env, fd);
	if (r == 0)
		r = closed;
	if (r == 0)
		r = env->rename(env, dirfd, temporary, path);
	if (r < 0)
		env->unlink(env, dirfd, temporary);
	return r;
}

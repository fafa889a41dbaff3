#include "lib/env.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/fsverity.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "lib/buf.h"

static int system_open(const struct env *env maybe_unused, int dirfd, const char *path, int flags,
                       mode_t mode)
{
	int fd = openat(dirfd, path, flags | O_CLOEXEC, mode);
	return fd < 0 ? -errno : fd;
}

static ssize_t system_pread(const struct env *env maybe_unused, int fd, void *p, size_t n, uint64_t offset)
{
	ssize_t got = pread(fd, p, n, (off_t)offset);
	return got < 0 ? -errno : got;
}

static ssize_t system_pwrite(const struct env *env maybe_unused, int fd, const void *p, size_t n,
                             uint64_t offset)
{
	ssize_t put = pwrite(fd, p, n, (off_t)offset);
	return put < 0 ? -errno : put;
}

static int system_truncate(const struct env *env maybe_unused, int fd, uint64_t size)
{
	return ftruncate(fd, (off_t)size) < 0 ? -errno : 0;
}

static int system_datasync(const struct env *env maybe_unused, int fd)
{
	return fdatasync(fd) < 0 ? -errno : 0;
}

static int system_dirsync(const struct env *env maybe_unused, int dirfd)
{
	return fsync(dirfd) < 0 ? -errno : 0;
}

static int system_rename(const struct env *env maybe_unused, int dirfd, const char *from, const char *to)
{
	return renameat(dirfd, from, dirfd, to) < 0 ? -errno : 0;
}

static int system_unlink(const struct env *env maybe_unused, int dirfd, const char *path)
{
	return unlinkat(dirfd, path, 0) < 0 ? -errno : 0;
}

static int system_close(const struct env *env maybe_unused, int fd)
{
	return close(fd) < 0 ? -errno : 0;
}

static int system_size(const struct env *env maybe_unused, int fd, uint64_t *ret_bytes)
{
	struct stat st;
	if (fstat(fd, &st) < 0)
		return -errno;
	*ret_bytes = (uint64_t)st.st_size;
	return 0;
}

static void close_dir(DIR **d)
{
	if (*d)
		closedir(*d);
}

static int system_list(const struct env *env maybe_unused, int dirfd, char **ret, size_t *ret_len)
{
	cleanup_close int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	cleanup(close_dir) DIR *d = fdopendir(fd);
	if (!d)
		return -errno;
	(void)TAKE_FD(fd);

	cleanup_buf struct buf names = { 0 };
	struct dirent *e;
	errno = 0;
	while ((e = readdir(d))) {
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			buf_put(&names, e->d_name, strlen(e->d_name) + 1);
		errno = 0;
	}
	if (errno)
		return -errno;
	if (buf_err(&names))
		return buf_err(&names);
	*ret_len = names.len;
	*ret = (char *)TAKE_PTR(names.data);
	return 0;
}

static int system_mkdir(const struct env *env maybe_unused, int dirfd, const char *path, mode_t mode)
{
	return mkdirat(dirfd, path, mode) < 0 ? -errno : 0;
}

static int system_rmdir(const struct env *env maybe_unused, int dirfd, const char *path)
{
	return unlinkat(dirfd, path, AT_REMOVEDIR) < 0 ? -errno : 0;
}

static int system_lock(const struct env *env maybe_unused, int fd)
{
	return flock(fd, LOCK_EX | LOCK_NB) < 0 ? -errno : 0;
}

static int system_free_bytes(const struct env *env maybe_unused, int fd, uint64_t *ret_bytes)
{
	struct statvfs st;
	if (fstatvfs(fd, &st) < 0)
		return -errno;
	*ret_bytes = (uint64_t)st.f_bavail * st.f_frsize;
	return 0;
}

#define VERITY_BLOCK_BYTES 4096

static int unsupported(int error)
{
	return error == ENOTTY || error == ENOSYS || error == EINVAL ? -EOPNOTSUPP : -error;
}

static int set_immutable(int fd)
{
	int flags;
	if (ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0)
		return unsupported(errno);
	if (flags & FS_IMMUTABLE_FL)
		return 0;
	flags |= FS_IMMUTABLE_FL;
	return ioctl(fd, FS_IOC_SETFLAGS, &flags) == 0 ? 0 : unsupported(errno);
}

static int system_freeze(const struct env *env maybe_unused, int fd, enum env_freeze how)
{
	if (how == ENV_FREEZE_IMMUTABLE)
		return set_immutable(fd);
	struct fsverity_enable_arg arg = { .version = 1,
		                           .hash_algorithm = FS_VERITY_HASH_ALG_SHA256,
		                           .block_size = VERITY_BLOCK_BYTES };
	return ioctl(fd, FS_IOC_ENABLE_VERITY, &arg) == 0 || errno == EEXIST ? 0 : unsupported(errno);
}

static uint64_t clock_us(clockid_t id)
{
	struct timespec t;
	clock_gettime(id, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static uint64_t system_boot_us(const struct env *env maybe_unused)
{
	return clock_us(CLOCK_BOOTTIME);
}

static uint64_t system_wall_us(const struct env *env maybe_unused)
{
	return clock_us(CLOCK_REALTIME);
}

static int system_random(const struct env *env maybe_unused, void *p, size_t n)
{
	uint8_t *at = p;
	while (n > 0) {
		ssize_t got = getrandom(at, n, 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return -EIO;
		at += got;
		n -= (size_t)got;
	}
	return 0;
}

const struct env *env_system(void)
{
	static const struct env system_env = {
		.open = system_open,
		.pread = system_pread,
		.pwrite = system_pwrite,
		.truncate = system_truncate,
		.datasync = system_datasync,
		.dirsync = system_dirsync,
		.rename = system_rename,
		.unlink = system_unlink,
		.close = system_close,
		.size = system_size,
		.list = system_list,
		.mkdir = system_mkdir,
		.rmdir = system_rmdir,
		.lock = system_lock,
		.free_bytes = system_free_bytes,
		.freeze = system_freeze,
		.boot_us = system_boot_us,
		.wall_us = system_wall_us,
		.random = system_random,
	};
	return &system_env;
}

uint64_t env_now_us(void)
{
	return env_system()->boot_us(env_system());
}

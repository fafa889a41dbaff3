#include "cli/file_tree.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/env.h"

#define PATH_BYTES 512

static int check_empty(int fd)
{
	cleanup_free char *names = NULL;
	size_t len;
	int r = env_system()->list(env_system(), fd, &names, &len);
	return r == 0 && len > 0 ? -ENOTEMPTY : r;
}

int file_tree_open(const char *path)
{
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return -errno;
	cleanup_close int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	int r = check_empty(fd);
	return r < 0 ? r : TAKE_FD(fd);
}

static int make_parents(int dirfd, const char *path)
{
	char folder[PATH_BYTES];
	for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		int n = snprintf(folder, sizeof(folder), "%.*s", (int)(slash - path), path);
		if (n < 0 || (size_t)n >= sizeof(folder))
			return -ENAMETOOLONG;
		if (mkdirat(dirfd, folder, 0755) < 0 && errno != EEXIST)
			return -errno;
	}
	return 0;
}

static int write_all(int fd, struct span content)
{
	while (content.len > 0) {
		ssize_t n = write(fd, content.data, content.len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		content.data += n;
		content.len -= (size_t)n;
	}
	return 0;
}

static int put(int dirfd, const char *path, int flags, struct span content)
{
	flags |= O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(dirfd, path, flags, 0644);
	if (fd < 0 && errno == ENOENT) {
		int r = make_parents(dirfd, path);
		if (r < 0)
			return r;
		fd = openat(dirfd, path, flags, 0644);
	}
	if (fd < 0)
		return -errno;
	int r = write_all(fd, content);
	return close(fd) < 0 && r == 0 ? -errno : r;
}

int file_tree_write(int dirfd, const char *path, struct span content)
{
	return put(dirfd, path, O_EXCL, content);
}

int file_tree_append(int dirfd, const char *path, struct span content)
{
	return put(dirfd, path, O_APPEND, content);
}

int file_tree_sync(int dirfd)
{
	return syncfs(dirfd) < 0 ? -errno : 0;
}

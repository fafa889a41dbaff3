#include "drill/workspace.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/env.h"
#include "lib/file.h"

#define DEPTH_MAX  12
#define CHUNK      (1u << 20)
#define CHANGE_MAX 65536

static void close_dir(DIR **d)
{
	if (*d)
		closedir(*d);
}

static DIR *open_dir(int dirfd, const char *name)
{
	int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	if (!d && fd >= 0)
		close(fd);
	return d;
}

static bool is_dot(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static int copy_bytes(int from, int to)
{
	ssize_t n;
	if (ioctl(to, FICLONE, from) == 0)
		return 0;
	while ((n = sendfile(to, from, NULL, CHUNK)) > 0)
		;
	return n < 0 ? -errno : 0;
}

static int copy_file(int from_dir, int to_dir, const char *name, mode_t mode)
{
	cleanup_close int from = openat(from_dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (from < 0)
		return errno == ENOENT ? 0 : -errno; /* partial tiles and spooled batches come and go */
	cleanup_close int to = openat(to_dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	return to < 0 ? -errno : copy_bytes(from, to);
}

static int copy_folder(DIR *from, int to, int depth);

static int copy_name(DIR *from, int to, const char *name, int depth)
{
	struct stat st;
	if (fstatat(dirfd(from), name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (S_ISREG(st.st_mode))
		return copy_file(dirfd(from), to, name, (st.st_mode & 0777) | 0600);
	if (!S_ISDIR(st.st_mode))
		return 0;
	if (depth == DEPTH_MAX)
		return -ELOOP;
	if (mkdirat(to, name, 0700) < 0)
		return -errno;
	cleanup(close_dir) DIR *below = open_dir(dirfd(from), name);
	cleanup_close int below_to = openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (!below || below_to < 0)
		return -errno;
	return copy_folder(below, below_to, depth + 1);
}

static int copy_folder(DIR *from, int to, int depth)
{
	int r = 0;
	for (struct dirent *e = readdir(from); r == 0 && e; e = readdir(from)) {
		if (!is_dot(e->d_name))
			r = copy_name(from, to, e->d_name, depth);
	}
	return r;
}

int workspace_copy_tree(const char *from, const char *to)
{
	cleanup(close_dir) DIR *d = open_dir(AT_FDCWD, from);
	if (!d || mkdir(to, 0700) < 0)
		return -errno;
	cleanup_close int fd = open(to, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : copy_folder(d, fd, 0);
}

int workspace_open(struct workspace *w, const char *from, const char *to)
{
	char saved[PATH_MAX];
	*w = (struct workspace){ .dirfd = -1, .saved_fd = -1 };
	if (snprintf(w->path, sizeof(w->path), "%s", to) >= (int)sizeof(w->path) ||
	    snprintf(saved, sizeof(saved), "%s.saved", to) >= (int)sizeof(saved))
		return -ENAMETOOLONG;
	int r = workspace_copy_tree(from, to);
	if (r < 0)
		return r;
	if (mkdir(saved, 0700) < 0)
		return -errno;
	w->dirfd = open(to, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	w->saved_fd = open(saved, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return w->dirfd < 0 || w->saved_fd < 0 ? -errno : 0;
}

void workspace_done(struct workspace *w)
{
	close_fd(&w->dirfd);
	close_fd(&w->saved_fd);
	free(w->change);
	*w = (struct workspace){ .dirfd = -1, .saved_fd = -1 };
}

static int grow(struct workspace *w)
{
	if (w->count < w->cap)
		return 0;
	if (w->count == CHANGE_MAX)
		return -E2BIG;
	size_t cap = MAX(w->cap * 2, (size_t)16);
	struct workspace_change *grown = reallocarray(w->change, cap, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	w->change = grown;
	w->cap = cap;
	return 0;
}

/* A file that was put there by the same sin has nothing to keep. */
static bool is_changed(const struct workspace *w, const char *path)
{
	for (size_t i = 0; i < w->count; i++) {
		if (strcmp(w->change[i].path, path) == 0)
			return true;
	}
	return false;
}

static int set_aside(struct workspace *w, const char *path, bool must_be_there)
{
	char name[32];
	struct stat st;
	bool there = fstatat(w->dirfd, path, &st, AT_SYMLINK_NOFOLLOW) == 0;
	if (!there && must_be_there)
		return -ENOENT;
	if (strlen(path) >= WORKSPACE_PATH_MAX)
		return -ENAMETOOLONG;
	if (is_changed(w, path))
		return !there || unlinkat(w->dirfd, path, 0) == 0 ? 0 : -errno;
	int r = grow(w);
	if (r < 0)
		return r;
	snprintf(name, sizeof(name), "%zu", w->count);
	if (there && renameat(w->dirfd, path, w->saved_fd, name) < 0)
		return -errno;
	struct workspace_change *c = &w->change[w->count++];
	*c = (struct workspace_change){ .was_there = there };
	memcpy(c->path, path, strlen(path) + 1);
	return 0;
}

int workspace_remove(struct workspace *w, const char *path)
{
	return set_aside(w, path, true);
}

static int make_folders(int dirfd, const char *path)
{
	char folder[WORKSPACE_PATH_MAX];
	for (const char *at = strchr(path, '/'); at; at = strchr(at + 1, '/')) {
		snprintf(folder, sizeof(folder), "%.*s", (int)(at - path), path);
		if (mkdirat(dirfd, folder, 0700) < 0 && errno != EEXIST)
			return -errno;
	}
	return 0;
}

int workspace_create(struct workspace *w, const char *path, int *ret_fd)
{
	int r = set_aside(w, path, false);
	if (r == 0)
		r = make_folders(w->dirfd, path);
	if (r < 0)
		return r;
	int fd = openat(w->dirfd, path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

int workspace_put(struct workspace *w, const char *path, struct span content)
{
	cleanup_close int fd = -1;
	int r = workspace_create(w, path, &fd);
	return r < 0 ? r : file_write_all(env_system(), fd, content, 0);
}

static int empty_folder(struct workspace *w, const char *folder, int depth)
{
	cleanup(close_dir) DIR *d = open_dir(w->dirfd, folder);
	int r = 0;
	if (!d)
		return -errno;
	for (struct dirent *e = readdir(d); r == 0 && e; e = readdir(d)) {
		char path[WORKSPACE_PATH_MAX];
		struct stat st;
		if (is_dot(e->d_name))
			continue;
		if (snprintf(path, sizeof(path), "%s/%s", folder, e->d_name) >= (int)sizeof(path) ||
		    depth == DEPTH_MAX)
			return -ENAMETOOLONG;
		if (fstatat(w->dirfd, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
			return -errno;
		r = S_ISDIR(st.st_mode) ? empty_folder(w, path, depth + 1) : workspace_remove(w, path);
	}
	return r;
}

int workspace_empty(struct workspace *w, const char *folder)
{
	return empty_folder(w, folder, 0);
}

int workspace_restore(struct workspace *w)
{
	for (size_t i = w->count; i-- > 0;) {
		const struct workspace_change *c = &w->change[i];
		char name[32];
		snprintf(name, sizeof(name), "%zu", i);
		if (unlinkat(w->dirfd, c->path, 0) < 0 && errno != ENOENT)
			return -errno;
		if (c->was_there && renameat(w->saved_fd, name, w->dirfd, c->path) < 0)
			return -errno;
		w->count = i;
	}
	return 0;
}

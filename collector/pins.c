#include "collector/pins.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#define NAME_BYTES   16 /* of the build's hash, as hex */
#define FOLDER_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

struct pins {
	int root_fd, fd;
	char build[NAME_BYTES * 2 + 1];
};

/* No path is long: they are of descriptors. */
struct pin_path {
	char text[128];
};

static int path_of(int fd, const char *name, struct pin_path *ret)
{
	int n = snprintf(ret->text, sizeof(ret->text), "/proc/self/fd/%d/%s", fd, name);
	return n < 0 || (size_t)n >= sizeof(ret->text) ? -ENAMETOOLONG : 0;
}

static bool is_ours(const struct stat *st)
{
	return (st->st_uid == geteuid() || st->st_uid == 0) && !(st->st_mode & (S_IWGRP | S_IWOTH));
}

/* A folder of a BPF file system that nobody else may write to. */
static int open_folder(int at, const char *name, int *ret)
{
	cleanup_close int fd = openat(at, name, FOLDER_FLAGS);
	struct stat st;
	struct statfs fs;
	if (fd < 0 || fstat(fd, &st) < 0 || fstatfs(fd, &fs) < 0)
		return -errno;
	if (fs.f_type != BPF_FS_MAGIC)
		return -EMEDIUMTYPE;
	if (!is_ours(&st))
		return -EPERM;
	*ret = TAKE_FD(fd);
	return 0;
}

int pins_prepare(const char *root, unsigned uid, unsigned gid)
{
	if (mkdir(root, 0700) < 0 && errno != EEXIST)
		return -errno;
	cleanup_close int fd = -1;
	struct stat st;
	int err = open_folder(AT_FDCWD, root, &fd);
	if (err)
		return err;
	if (fstat(fd, &st) < 0 || (st.st_uid != uid && fchown(fd, uid, gid) < 0))
		return -errno;
	return 0;
}

static void free_pins(struct pins **p)
{
	pins_free(*p);
}

static int open_build(struct pins *p)
{
	if (mkdirat(p->root_fd, p->build, 0700) < 0 && errno != EEXIST)
		return -errno;
	int err = open_folder(p->root_fd, p->build, &p->fd);
	if (!err && flock(p->fd, LOCK_EX | LOCK_NB) < 0)
		err = errno == EWOULDBLOCK ? -EBUSY : -errno;
	return err;
}

int pins_open(const char *root, const struct hash *build, struct pins **ret)
{
	struct pins *p cleanup(free_pins) = calloc(1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	p->root_fd = p->fd = -1;
	for (size_t i = 0; i < NAME_BYTES; i++)
		snprintf(p->build + 2 * i, 3, "%02x", build->b[i]);
	int err = open_folder(AT_FDCWD, root, &p->root_fd);
	if (!err)
		err = open_build(p);
	if (err)
		return err;
	*ret = TAKE_PTR(p);
	return 0;
}

int pins_fd(const struct pins *p)
{
	return p->fd;
}

void pins_free(struct pins *p)
{
	if (!p)
		return;
	close_fd(&p->fd);
	close_fd(&p->root_fd);
	free(p);
}

static int get(int folder, const char *name, int *ret_fd)
{
	struct stat st;
	struct pin_path path;
	if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || !is_ours(&st))
		return -EPERM;
	int err = path_of(folder, name, &path);
	int fd = err ? err : bpf_obj_get(path.text);
	if (fd < 0)
		return fd;
	*ret_fd = fd;
	return 0;
}

int pins_get(const struct pins *p, const char *name, int *ret_fd)
{
	return get(p->fd, name, ret_fd);
}

struct bpf_link *pins_link(const struct pins *p, const char *name)
{
	cleanup_close int fd = -1;
	struct pin_path path;
	if (pins_get(p, name, &fd) || path_of(p->fd, name, &path))
		return NULL;
	return bpf_link__open(path.text);
}

int pins_put(const struct pins *p, const char *name, int fd)
{
	struct pin_path path;
	int err = path_of(p->fd, name, &path);
	return err ? err : bpf_obj_pin(fd, path.text);
}

void pins_remove(const struct pins *p, const char *name)
{
	unlinkat(p->fd, name, 0);
}

static DIR *list(int folder)
{
	int fd = openat(folder, ".", FOLDER_FLAGS);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir)
		close_fd(&fd);
	return dir;
}

static void close_dir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

static void clear(int folder, const char *prefix)
{
	DIR *dir cleanup(close_dir) = list(folder);
	const struct dirent *e;
	while (dir && (e = readdir(dir)))
		if (strncmp(e->d_name, prefix, strlen(prefix)) == 0)
			unlinkat(folder, e->d_name, 0);
}

void pins_clear(const struct pins *p)
{
	clear(p->fd, PINS_LINK);
	clear(p->fd, "");
}

static void show_rings(int folder, void (*each)(void *context, int map_fd), void *context)
{
	static const char *const rings[] = { "critical", "files" };
	for (size_t i = 0; i < ARRAY_SIZE(rings); i++) {
		cleanup_close int fd = -1;
		if (get(folder, rings[i], &fd) == 0)
			each(context, fd);
	}
}

/* Anything else is somebody else's, or the file system's own. */
static bool is_build(const char *name)
{
	return strlen(name) == 2 * NAME_BYTES && strspn(name, "0123456789abcdef") == 2 * NAME_BYTES;
}

/* Removes a build's folder, unless a collector runs on it. */
static int remove_build(int root, const char *name, void (*each)(void *context, int map_fd), void *context)
{
	cleanup_close int fd = openat(root, name, FOLDER_FLAGS);
	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return -EBUSY;
	/* Without its links a program makes nothing any more. */
	clear(fd, PINS_LINK);
	if (each)
		show_rings(fd, each, context);
	clear(fd, "");
	return unlinkat(root, name, AT_REMOVEDIR) < 0 ? -errno : 0;
}

static int remove_builds(int root, const char *but, void (*each)(void *context, int map_fd), void *context)
{
	DIR *dir cleanup(close_dir) = list(root);
	const struct dirent *e;
	int err = dir ? 0 : -errno;
	while (dir && (e = readdir(dir))) {
		if (!is_build(e->d_name) || (but && strcmp(e->d_name, but) == 0))
			continue;
		int failed = remove_build(root, e->d_name, each, context);
		err = err ? err : failed;
	}
	return err;
}

void pins_remove_others(const struct pins *p, void (*each)(void *context, int map_fd), void *context)
{
	if (remove_builds(p->root_fd, p->build, each, context))
		return; /* another collector's, or not empty: tried again at the next start */
}

int pins_remove_all(const char *root)
{
	cleanup_close int fd = openat(AT_FDCWD, root, FOLDER_FLAGS);
	struct statfs fs;
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	if (fstatfs(fd, &fs) < 0)
		return -errno;
	return fs.f_type == BPF_FS_MAGIC ? remove_builds(fd, NULL, NULL, NULL) : -EMEDIUMTYPE;
}

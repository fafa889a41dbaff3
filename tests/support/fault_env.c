#include "tests/support/fault_env.h"

#include <fcntl.h>

#include "tests/support/fault_disk.h"

#define MAX_FDS  256
#define FIRST_FD 1000

struct world {
	struct env env;
	struct node *root, *all;
	struct node *fd[MAX_FDS];
	uint64_t calls[FAULT_OPS];
	uint64_t fail_at[FAULT_OPS]; /* count of calls at which it fails */
	int fail_error[FAULT_OPS];
	int always[FAULT_OPS];
	uint64_t crash_at;
	bool dead;
	size_t short_bytes;
	uint64_t space;
	int freezing[2];
	uint64_t boot, wall;
	uint64_t random;
};

static struct world *world_of(const struct env *env)
{
	return (struct world *)(uintptr_t)env;
}

/* Count a call; the error that it shall end with, or 0. *ret_dying: this is the call of the crash. */
static int enter(struct world *w, enum fault_op op, bool *ret_dying)
{
	*ret_dying = false;
	if (w->dead)
		return -EIO;
	w->calls[FAULT_ANY]++;
	w->calls[op]++;
	if (w->crash_at && w->calls[FAULT_ANY] == w->crash_at) {
		w->dead = true;
		*ret_dying = true;
		return 0;
	}
	for (int kind = FAULT_ANY; kind < FAULT_OPS; kind++) {
		if (kind != FAULT_ANY && kind != (int)op)
			continue;
		if (w->always[kind])
			return w->always[kind];
		if (w->fail_at[kind] && w->calls[kind] == w->fail_at[kind])
			return w->fail_error[kind];
	}
	return 0;
}

static struct node *node_new(struct world *w, bool folder)
{
	struct node *n = must(calloc(1, sizeof(*n)));
	n->folder = folder;
	n->last = &n->first;
	n->all = w->all;
	w->all = n;
	return n;
}

static struct node *node_of_fd(const struct world *w, int fd)
{
	if (fd < FIRST_FD || fd >= FIRST_FD + MAX_FDS)
		return NULL;
	return w->fd[fd - FIRST_FD];
}

/* The folder that holds the path's last part, which goes to `last` ("" for the start itself). */
static int walk(const struct world *w, int dirfd, const char *path, struct node **ret, char last[NAME_BYTES])
{
	struct node *at = dirfd == AT_FDCWD || path[0] == '/' ? w->root : node_of_fd(w, dirfd);
	if (!at)
		return -EBADF;
	last[0] = '\0';
	while (*path) {
		size_t n = strcspn(path, "/");
		if (n >= NAME_BYTES)
			return -ENAMETOOLONG;
		if (n > 0 && !(n == 1 && path[0] == '.')) {
			if (last[0]) {
				struct name *next = disk_find(&at->names_now, last);
				if (!next)
					return -ENOENT;
				at = next->node;
			}
			if (!at->folder)
				return -ENOTDIR;
			memcpy(last, path, n);
			last[n] = '\0';
		}
		path += n + (path[n] == '/');
	}
	*ret = at;
	return 0;
}

static struct node *lookup(const struct env *env, const char *path)
{
	char last[NAME_BYTES];
	struct node *at;
	if (walk(world_of(env), AT_FDCWD, path, &at, last) < 0)
		return NULL;
	struct name *n = last[0] ? disk_find(&at->names_now, last) : NULL;
	return n ? n->node : last[0] ? NULL : at;
}

static int take_fd(struct world *w, struct node *n)
{
	for (int i = 0; i < MAX_FDS; i++) {
		if (!w->fd[i]) {
			w->fd[i] = n;
			return FIRST_FD + i;
		}
	}
	return -EMFILE;
}

static int open_node(struct world *w, int dirfd, const char *path, int flags, struct node **ret)
{
	char last[NAME_BYTES];
	struct node *folder;
	int r = walk(w, dirfd, path, &folder, last);
	if (r < 0)
		return r;
	struct name *n = last[0] ? disk_find(&folder->names_now, last) : NULL;
	*ret = n ? n->node : folder;
	if (!n && last[0]) {
		if (!(flags & O_CREAT))
			return -ENOENT;
		*ret = node_new(w, false);
		disk_folder_do(folder, NULL, last, *ret);
		return 0;
	}
	if (n && (flags & O_CREAT) && (flags & O_EXCL))
		return -EEXIST;
	return 0;
}

static int fault_open(const struct env *env, int dirfd, const char *path, int flags, mode_t mode maybe_unused)
{
	struct world *w = world_of(env);
	bool dying;
	int r = enter(w, FAULT_OPEN, &dying);
	if (r < 0)
		return r;
	struct node *n;
	r = open_node(w, dirfd, path, flags, &n);
	if (r < 0)
		return r;
	if (n->folder != ((flags & O_DIRECTORY) != 0) && ((flags & O_DIRECTORY) || (flags & O_ACCMODE)))
		return n->folder ? -EISDIR : -ENOTDIR;
	if ((flags & O_ACCMODE) && (n->frozen[ENV_FREEZE_VERITY] || n->frozen[ENV_FREEZE_IMMUTABLE]))
		return -EPERM;
	if ((flags & O_TRUNC) && n->now.len)
		disk_write(n, true, NULL, 0, 0);
	return dying ? -EIO : take_fd(w, n);
}

static ssize_t fault_pread(const struct env *env, int fd, void *p, size_t n, uint64_t offset)
{
	struct world *w = world_of(env);
	bool dying;
	int r = enter(w, FAULT_PREAD, &dying);
	if (r < 0 || dying)
		return r < 0 ? r : -EIO;
	const struct node *node = node_of_fd(w, fd);
	if (!node)
		return -EBADF;
	if (offset >= node->now.len)
		return 0;
	n = MIN(n, (size_t)(node->now.len - offset));
	if (n)
		memcpy(p, node->now.data + offset, n);
	return (ssize_t)n;
}

static ssize_t fault_pwrite(const struct env *env, int fd, const void *p, size_t n, uint64_t offset)
{
	struct world *w = world_of(env);
	bool dying;
	int r = enter(w, FAULT_PWRITE, &dying);
	if (r < 0)
		return r;
	struct node *node = node_of_fd(w, fd);
	if (!node)
		return -EBADF;
	if (w->short_bytes)
		n = MIN(n, w->short_bytes);
	uint64_t grows = offset + n > node->now.len ? offset + n - node->now.len : 0;
	if (grows > w->space) {
		n -= MIN(n, (size_t)(grows - w->space));
		grows = w->space;
		if (n == 0)
			return -ENOSPC;
	}
	if (w->space != UINT64_MAX)
		w->space -= grows;
	disk_write(node, false, p, n, offset);
	return dying ? -EIO : (ssize_t)n;
}

static int fault_truncate(const struct env *env, int fd, uint64_t size)
{
	struct world *w = world_of(env);
	bool dying;
	int r = enter(w, FAULT_TRUNCATE, &dying);
	if (r < 0)
		return r;
	struct node *node = node_of_fd(w, fd);
	if (!node)
		return -EBADF;
	if (w->space != UINT64_MAX && size < node->now.len)
		w->space += node->now.len - size;
	disk_write(node, true, NULL, 0, size);
	return dying ? -EIO : 0;
}

static int fault_datasync(const struct env *env, int fd)
{
	struct world *w = world_of(env);
	struct node *node = node_of_fd(w, fd);
	bool dying;
	int r = enter(w, FAULT_DATASYNC, &dying);
	if (!node)
		return -EBADF;
	if (r < 0) {
		if (!w->dead)
			disk_drop(node);
		return r;
	}
	if (dying)
		return -EIO;
	disk_sync(node);
	return 0;
}

static int fault_dirsync(const struct env *env, int dirfd)
{
	struct world *w = world_of(env);
	bool dying;
	int r = enter(w, FAULT_DIRSYNC, &dying);
	if (r < 0 || dying)
		return r < 0 ? r : -EIO;
	struct node *node = node_of_fd(w, dirfd);
	if (!node || !node->folder)
		return -EBADF;
	disk_sync_names(node);
	return 0;
}

static int fault_rename(const struct env *env, int dirfd, const char *from, const char *to)
{
	struct world *w = world_of(env);
	bool dying;
	int r = enter(w, FAULT_RENAME, &dying);
	if (r < 0)
		return r;
	char from_last[NAME_BYTES], to_last[NAME_BYTES];
	struct node *from_folder, *to_folder;
	r = walk(w, dirfd, from, &from_folder, from_last);
	if (r == 0)
		r = walk(w, dirfd, to, &to_folder, to_last);
	if (r < 0)
		return r;
	/* Nothing in the project moves a file between folders, and the order of two folders is not modelled.
	 */
	if (from_folder != to_folder)
		return -EXDEV;
	const struct name *n = disk_find(&from_folder->names_now, from_last);
	if (!n)
		return -ENOENT;
	const struct name *over = disk_find(&to_folder->names_now, to_last);
	if (n->node->frozen[ENV_FREEZE_IMMUTABLE] || (over && over->node->frozen[ENV_FREEZE_IMMUTABLE]))
		return -EPERM;
	disk_folder_do(from_folder, from_last, to_last, n->node);
	return dying ? -EIO : 0;
}

static int remove_name(struct world *w, enum fault_op op, int dirfd, const char *path)
{
	bool dying;
	int r = enter(w, op, &dying);
	if (r < 0)
		return r;
	char last[NAME_BYTES];
	struct node *folder;
	r = walk(w, dirfd, path, &folder, last);
	if (r < 0)
		return r;
	const struct name *n = last[0] ? disk_find(&folder->names_now, last) : NULL;
	if (!n)
		return -ENOENT;
	if (n->node->folder != (op == FAULT_RMDIR))
		return n->node->folder ? -EISDIR : -ENOTDIR;
	if (n->node->folder && n->node->names_now.count)
		return -ENOTEMPTY;
	if (n->node->frozen[ENV_FREEZE_IMMUTABLE])
		return -EPERM;
	if (w->space != UINT64_MAX)
		w->space += n->node->now.len;
	disk_folder_do(folder, last, NULL, NULL);
	return dying ? -EIO : 0;
}

static int fault_unlink(const struct env *env, int dirfd, const char *path)
{
	return remove_name(world_of(env), FAULT_UNLINK, dirfd, path);
}

static int fault_rmdir(const struct env *env, int dirfd, const char *path)
{
	return remove_name(world_of(env), FAULT_RMDIR, dirfd, path);
}

static int fault_mkdir(const struct env *env, int dirfd, const char *path, mode_t mode maybe_unused)
{
	struct world *w = world_of(env);
	bool dying;
	int r = enter(w, FAULT_MKDIR, &dying);
	if (r < 0)
		return r;
	char last[NAME_BYTES];
	struct node *folder;
	r = walk(w, dirfd, path, &folder, last);
	if (r < 0)
		return r;
	if (!last[0] || disk_find(&folder->names_now, last))
		return -EEXIST;
	disk_folder_do(folder, NULL, last, node_new(w, true));
	return dying ? -EIO : 0;
}

/* A descriptor is given back even when its close fails, and by a dead process too: the kernel does it. */
static int fault_close(const struct env *env, int fd)
{
	struct world *w = world_of(env);
	struct node *node = node_of_fd(w, fd);
	bool dying;
	int r = enter(w, FAULT_CLOSE, &dying);
	if (!node)
		return -EBADF;
	w->fd[fd - FIRST_FD] = NULL;
	if (node->lock_fd == (unsigned)(fd - FIRST_FD) + 1)
		node->lock_fd = 0;
	return dying ? -EIO : r;
}

static int fault_size(const struct env *env, int fd, uint64_t *ret_bytes)
{
	struct world *w = world_of(env);
	bool dying;
	int r = enter(w, FAULT_SIZE, &dying);
	if (r < 0 || dying)
		return r < 0 ? r : -EIO;
	const struct node *node = node_of_fd(w, fd);
	if (!node)
		return -EBADF;
	*ret_bytes = node->now.len;
	return 0;
}

static int fault_list(const struct env *env, int dirfd, char **ret, size_t *ret_len)
{
	struct world *w = world_of(env);
	bool dying;
	int r = enter(w, FAULT_LIST, &dying);
	if (r < 0 || dying)
		return r < 0 ? r : -EIO;
	const struct node *node = node_of_fd(w, dirfd);
	if (!node || !node->folder)
		return -ENOTDIR;
	struct buf names = { 0 };
	for (size_t i = 0; i < node->names_now.count; i++) {
		const char *text = node->names_now.row[i].text;
		buf_put(&names, text, strlen(text) + 1);
	}
	*ret_len = names.len;
	*ret = (char *)names.data;
	return 0;
}

static int fault_lock(const struct env *env, int fd)
{
	struct world *w = world_of(env);
	struct node *node = node_of_fd(w, fd);
	if (!node || w->dead)
		return node ? -EIO : -EBADF;
	if (node->lock_fd && node->lock_fd != (unsigned)(fd - FIRST_FD) + 1)
		return -EWOULDBLOCK;
	node->lock_fd = (unsigned)(fd - FIRST_FD) + 1;
	return 0;
}

static int fault_free_bytes(const struct env *env, int fd maybe_unused, uint64_t *ret_bytes)
{
	*ret_bytes = world_of(env)->space;
	return 0;
}

static int fault_freeze(const struct env *env, int fd, enum env_freeze how)
{
	struct world *w = world_of(env);
	struct node *node = node_of_fd(w, fd);
	bool dying;
	int r = enter(w, FAULT_FREEZE, &dying);
	if (r < 0 || dying)
		return r < 0 ? r : -EIO;
	if (!node)
		return -EBADF;
	node->frozen[how] = node->frozen[how] || w->freezing[how] == 0;
	return w->freezing[how];
}

static uint64_t fault_boot_us(const struct env *env)
{
	return world_of(env)->boot;
}

static uint64_t fault_wall_us(const struct env *env)
{
	return world_of(env)->wall;
}

static int fault_random(const struct env *env, void *p, size_t n)
{
	struct world *w = world_of(env);
	bool dying;
	int r = enter(w, FAULT_RANDOM, &dying);
	if (r < 0 || dying)
		return -EIO;
	for (size_t i = 0; i < n; i++)
		((uint8_t *)p)[i] = (uint8_t)disk_random(&w->random);
	return 0;
}

struct env *fault_env_new(void)
{
	static const struct env calls = {
		.open = fault_open,
		.pread = fault_pread,
		.pwrite = fault_pwrite,
		.truncate = fault_truncate,
		.datasync = fault_datasync,
		.dirsync = fault_dirsync,
		.rename = fault_rename,
		.unlink = fault_unlink,
		.close = fault_close,
		.size = fault_size,
		.list = fault_list,
		.mkdir = fault_mkdir,
		.rmdir = fault_rmdir,
		.lock = fault_lock,
		.free_bytes = fault_free_bytes,
		.freeze = fault_freeze,
		.boot_us = fault_boot_us,
		.wall_us = fault_wall_us,
		.random = fault_random,
	};
	struct world *w = must(calloc(1, sizeof(*w)));
	w->env = calls;
	w->root = node_new(w, true);
	w->space = UINT64_MAX;
	w->freezing[ENV_FREEZE_VERITY] = w->freezing[ENV_FREEZE_IMMUTABLE] = -EOPNOTSUPP;
	w->boot = 1000000;
	w->wall = 1795507200000000;
	w->random = 1;
	return &w->env;
}

void fault_env_free(struct env *env)
{
	struct world *w = world_of(env);
	if (!env)
		return;
	while (w->all) {
		struct node *n = w->all;
		w->all = n->all;
		disk_free(n);
	}
	free(w);
}

void fault_env_freep(struct env **env)
{
	fault_env_free(*env);
}

uint64_t fault_env_calls(const struct env *env, enum fault_op op)
{
	return world_of(env)->calls[op];
}

void fault_env_fail(struct env *env, enum fault_op op, uint64_t n, int error)
{
	struct world *w = world_of(env);
	w->fail_at[op] = n ? w->calls[op] + n : 0;
	w->fail_error[op] = error;
}

void fault_env_fail_always(struct env *env, enum fault_op op, int error)
{
	world_of(env)->always[op] = error;
}

void fault_env_crash(struct env *env, uint64_t n)
{
	struct world *w = world_of(env);
	w->crash_at = n ? w->calls[FAULT_ANY] + n : 0;
}

bool fault_env_crashed(const struct env *env)
{
	return world_of(env)->dead;
}

void fault_env_short_writes(struct env *env, size_t bytes)
{
	world_of(env)->short_bytes = bytes;
}

void fault_env_space(struct env *env, uint64_t bytes)
{
	world_of(env)->space = bytes;
}

void fault_env_freezing(struct env *env, enum env_freeze how, int result)
{
	world_of(env)->freezing[how] = result;
}

bool fault_env_frozen(const struct env *env, const char *path, enum env_freeze how)
{
	const struct node *n = lookup(env, path);
	return n && n->frozen[how];
}

void fault_env_tick(struct env *env, uint64_t us)
{
	world_of(env)->boot += us;
	world_of(env)->wall += us;
}

void fault_env_power_cut(struct env *env, enum fault_cut how, uint64_t seed)
{
	struct world *w = world_of(env);
	memset(w->fd, 0, sizeof(w->fd));
	memset(w->fail_at, 0, sizeof(w->fail_at));
	memset(w->always, 0, sizeof(w->always));
	w->crash_at = 0;
	w->dead = false;
	for (struct node *n = w->all; n; n = n->all)
		disk_cut(n, how, &seed);
}

bool fault_env_exists(const struct env *env, const char *path)
{
	return lookup(env, path) != NULL;
}

uint8_t *fault_env_content(const struct env *env, const char *path, size_t *ret_len)
{
	static uint8_t nothing;
	struct node *n = lookup(env, path);
	if (!n || n->folder)
		return NULL;
	*ret_len = n->now.len;
	return n->now.len ? n->now.data : &nothing;
}

void fault_env_put(struct env *env, const char *path, const void *p, size_t n)
{
	char last[NAME_BYTES];
	struct node *folder;
	if (walk(world_of(env), AT_FDCWD, path, &folder, last) < 0 || !last[0])
		abort();
	struct node *node = node_new(world_of(env), false);
	disk_set(node, p, n);
	disk_put(folder, last, node);
}

void fault_env_remove(struct env *env, const char *path)
{
	char last[NAME_BYTES];
	struct node *folder;
	if (walk(world_of(env), AT_FDCWD, path, &folder, last) < 0)
		return;
	disk_take(folder, last);
}

size_t fault_env_open_count(const struct env *env)
{
	size_t count = 0;
	for (int i = 0; i < MAX_FDS; i++)
		count += world_of(env)->fd[i] != NULL;
	return count;
}

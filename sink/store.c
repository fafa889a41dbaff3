#include "sink/store.h"

#include <fcntl.h>
#include <stdio.h>

#include "lib/file.h"
#include "lib/text.h"

#define FOLDER_MODE 0750
#define FILE_MODE   0640
#define GENESIS_MAX 16384

static const char unfinished[] = ".tmp";

static bool ends_with(const char *name, const char *suffix)
{
	size_t n = strlen(name), m = strlen(suffix);
	return n >= m && strcmp(name + n - m, suffix) == 0;
}

int store_sweep(const struct env *env, int dirfd)
{
	cleanup_free char *names = NULL;
	size_t len = 0;
	int r = env->list(env, dirfd, &names, &len);
	for (size_t at = 0; r == 0 && at < len; at += strlen(names + at) + 1) {
		if (ends_with(names + at, unfinished))
			r = env->unlink(env, dirfd, names + at);
	}
	return r;
}

static int parse_number(const char *name, const char *suffix, uint64_t *ret)
{
	if (strlen(name) != 20 + strlen(suffix) || !ends_with(name, suffix))
		return -EBADMSG;
	uint64_t number = 0;
	for (size_t i = 0; i < 20; i++) {
		if (name[i] < '0' || name[i] > '9' || __builtin_mul_overflow(number, 10u, &number) ||
		    __builtin_add_overflow(number, (uint64_t)(name[i] - '0'), &number))
			return -EBADMSG;
	}
	*ret = number;
	return number > 0 ? 0 : -EBADMSG;
}

int store_numbers(const struct env *env, int dirfd, const char *suffix, uint64_t *ret_first,
                  uint64_t *ret_last)
{
	cleanup_free char *names = NULL;
	size_t len = 0;
	int r = store_sweep(env, dirfd);
	if (r == 0)
		r = env->list(env, dirfd, &names, &len);
	if (r < 0)
		return r;
	uint64_t first = 0, last = 0, count = 0;
	for (size_t at = 0; at < len; at += strlen(names + at) + 1) {
		uint64_t number;
		r = parse_number(names + at, suffix, &number);
		if (r < 0)
			return r;
		first = count == 0 ? number : MIN(first, number);
		last = MAX(last, number);
		count++;
	}
	if (count > 0 && last - first + 1 != count)
		return -EBADMSG;
	*ret_first = first;
	*ret_last = last;
	return 0;
}

int store_folder(const struct env *env, int dirfd, const char *name)
{
	int r = env->mkdir(env, dirfd, name, FOLDER_MODE);
	if (r < 0 && r != -EEXIST)
		return r;
	int synced = r == 0 ? env->dirsync(env, dirfd) : 0;
	if (synced < 0) {
		/* Left there, the next one to come by would take its name for durable. */
		(void)env->rmdir(env, dirfd, name);
		return synced;
	}
	return env->open(env, dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
}

static int open_folders(struct store *s)
{
	const struct {
		const char *name;
		int *fd;
	} folders[] = {
		{ "journal", &s->journal },
		{ "segment", &s->segment },
		{ "fleet", &s->fleet },
		{ "forks", &s->forks },
	};
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
		int fd = store_folder(s->env, s->dir, folders[i].name);
		if (fd < 0)
			return fd;
		*folders[i].fd = fd;
	}
	int r = store_sweep(s->env, s->dir);
	if (r == 0)
		r = s->env->dirsync(s->env, s->dir);
	if (r == 0)
		r = store_sweep(s->env, s->fleet);
	return r == 0 ? store_sweep(s->env, s->forks) : r;
}

static int take_lock(struct store *s)
{
	s->lock = s->env->open(s->env, s->dir, "lock", O_RDWR | O_CREAT | O_NOFOLLOW, FILE_MODE);
	return s->lock < 0 ? s->lock : s->env->lock(s->env, s->lock);
}

static int check_genesis(const struct store *s, struct span genesis)
{
	cleanup_buf struct buf held = { 0 };
	int r = file_read(s->env, s->dir, "genesis", GENESIS_MAX, &held);
	if (r == -ENOENT)
		return file_replace(s->env, s->dir, "genesis", genesis, FILE_MODE);
	if (r < 0)
		return r;
	return span_equal((struct span){ held.data, held.len }, genesis) ? 0 : -EKEYREJECTED;
}

/* Make the name of a folder durable in the folder above. */
static int sync_parent(const struct env *env, const char *path)
{
	cleanup_free char *parent = strdup(path);
	if (!parent)
		return -ENOMEM;
	size_t n = strlen(parent);
	while (n > 1 && parent[n - 1] == '/')
		parent[--n] = '\0';
	char *slash = strrchr(parent, '/');
	if (slash)
		slash[slash == parent ? 1 : 0] = '\0';
	int fd = env->open(env, AT_FDCWD, slash ? parent : ".", O_RDONLY | O_DIRECTORY, 0);
	/* Who can't read it has not made a folder in it either: somebody else did, and sees to it. */
	if (fd < 0)
		return fd == -EACCES ? 0 : fd;
	int r = env->dirsync(env, fd);
	env->close(env, fd);
	return r;
}

static int open_dir(const struct env *env, const char *path)
{
	int r = env->mkdir(env, AT_FDCWD, path, FOLDER_MODE);
	if (r < 0 && r != -EEXIST)
		return r;
	/* Even if it was there: the one who made it may have been killed before it came to this. */
	r = sync_parent(env, path);
	if (r < 0)
		return r;
	return env->open(env, AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0);
}

static int open_all(struct store *s, const char *path, struct span genesis)
{
	s->dir = open_dir(s->env, path);
	if (s->dir < 0)
		return s->dir;
	int r = take_lock(s);
	if (r == 0)
		r = open_folders(s);
	return r == 0 ? check_genesis(s, genesis) : r;
}

int store_open(const struct env *env, const char *path, uint64_t min_free_bytes, struct span genesis,
               struct store *ret, char *error, size_t error_size)
{
	struct store s = {
		.env = env,
		.dir = -1,
		.journal = -1,
		.segment = -1,
		.fleet = -1,
		.forks = -1,
		.lock = -1,
		.min_free_bytes = min_free_bytes,
	};
	int r = open_all(&s, path, genesis);
	if (r == 0) {
		*ret = s;
		return 0;
	}
	store_done(&s);
	const char *why = r == -EWOULDBLOCK    ? "another process has it"
	                  : r == -EKEYREJECTED ? "its genesis statement is not the configured one"
	                                       : strerror(-r);
	snprintf(error, error_size, "store %s can't be used: %s", path, why);
	return r;
}

void store_done(struct store *s)
{
	int *fds[] = { &s->forks, &s->fleet, &s->segment, &s->journal, &s->lock, &s->dir };
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		if (*fds[i] >= 0)
			s->env->close(s->env, *fds[i]);
		*fds[i] = -1;
	}
}

int store_room(const struct store *s)
{
	uint64_t free_bytes;
	int r = s->env->free_bytes(s->env, s->dir, &free_bytes);
	if (r < 0)
		return r;
	return free_bytes >= s->min_free_bytes ? 0 : -ENOSPC;
}

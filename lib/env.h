/* What core code may ask of the world: files, clock and random, as one table of functions.
 *
 * The daemons use env_system(); the tests put a table of their own in its place that is deterministic, keeps
 * what was made durable apart from what was only written, and fails at a chosen call. (Network stays at the
 * edge: core code takes and returns bytes. Allocation is malloc, which the tests wrap at link time.)
 *
 * Every function returns 0, a count or a descriptor, or a negative errno.
 */
#ifndef SWORNLOG_LIB_ENV_H
#define SWORNLOG_LIB_ENV_H

#include "lib/base.h"

enum env_freeze {
	ENV_FREEZE_VERITY,    /* fs-verity: reads of what was changed on the disk fail; can be unlinked */
	ENV_FREEZE_IMMUTABLE, /* the immutable attribute, which takes CAP_LINUX_IMMUTABLE */
};

struct env {
	/* Files. Paths are relative to dirfd, O_CLOEXEC is added, mode is 0640 with the umask unless given.
	 */
	int (*open)(const struct env *env, int dirfd, const char *path, int flags, mode_t mode);
	ssize_t (*pread)(const struct env *env, int fd, void *p, size_t n, uint64_t offset);
	ssize_t (*pwrite)(const struct env *env, int fd, const void *p, size_t n, uint64_t offset);
	int (*truncate)(const struct env *env, int fd, uint64_t size);
	/* Data, and the metadata needed to read it back, on stable storage. A failure is final: never
	 * retried. */
	int (*datasync)(const struct env *env, int fd);
	/* As datasync, for a directory's names. */
	int (*dirsync)(const struct env *env, int dirfd);
	int (*rename)(const struct env *env, int dirfd, const char *from, const char *to);
	int (*unlink)(const struct env *env, int dirfd, const char *path);
	int (*close)(const struct env *env, int fd);
	int (*size)(const struct env *env, int fd, uint64_t *ret_bytes);
	/* Names in a directory, "." and ".." left out, each followed by a NUL, in `*ret` (malloc'd, *ret_len
	 * bytes). */
	int (*list)(const struct env *env, int dirfd, char **ret, size_t *ret_len);
	/* -EEXIST if the name is taken. Durable after a dirsync of dirfd. */
	int (*mkdir)(const struct env *env, int dirfd, const char *path, mode_t mode);
	int (*rmdir)(const struct env *env, int dirfd, const char *path);
	/* Take the file for this process alone, until the descriptor is closed. -EWOULDBLOCK if another has
	 * it. */
	int (*lock)(const struct env *env, int fd);
	/* What an unprivileged writer may still use of the file system that holds fd. */
	int (*free_bytes)(const struct env *env, int fd, uint64_t *ret_bytes);
	/* Make the content of a file, open for reading alone and by nobody for writing, unchangeable; 0 too
	 * if it is so already. -EOPNOTSUPP: file system or kernel can't; -EPERM: this process may not. */
	int (*freeze)(const struct env *env, int fd, enum env_freeze how);

	uint64_t (*boot_us)(const struct env *env); /* CLOCK_BOOTTIME */
	uint64_t (*wall_us)(const struct env *env); /* CLOCK_REALTIME, microseconds since 1970 */

	/* Cryptographic random. Returns 0 or -EIO: never weak bytes. */
	int (*random)(const struct env *env, void *p, size_t n);
};

/* The real world. */
const struct env *env_system(void);
/* Its boot_us, for what stays at the edge. */
uint64_t env_now_us(void);

#endif

/* A world in memory for struct env: what was made durable is kept apart from what was only written, and any
 * call can be made to fail or to be the last one before a crash.
 *
 * Files lose what was not datasynced, folders the names that were not dirsynced; how much of it, the test
 * says with enum fault_cut. A failed datasync takes the writes before it away for ever, as Linux does: a
 * later datasync that succeeds does not bring them back.
 */
#ifndef SWORNLOG_TESTS_SUPPORT_FAULT_ENV_H
#define SWORNLOG_TESTS_SUPPORT_FAULT_ENV_H

#include "lib/env.h"

enum fault_op {
	FAULT_ANY,
	FAULT_OPEN,
	FAULT_PREAD,
	FAULT_PWRITE,
	FAULT_TRUNCATE,
	FAULT_DATASYNC,
	FAULT_DIRSYNC,
	FAULT_RENAME,
	FAULT_UNLINK,
	FAULT_CLOSE,
	FAULT_SIZE,
	FAULT_LIST,
	FAULT_MKDIR,
	FAULT_RMDIR,
	FAULT_RANDOM,
	FAULT_FREEZE,
	FAULT_OPS,
};

/* What of the unsynced survives. */
enum fault_cut {
	FAULT_CUT_KEEP,   /* all: the process was killed, the machine went on */
	FAULT_CUT_DROP,   /* nothing */
	FAULT_CUT_PREFIX, /* writes and names in order up to some point; the last write is torn at 512 bytes
	                   */
	FAULT_CUT_RANDOM, /* each 512 bytes of each write or not; names in order up to some point */
};

/* Make one with an empty root folder; absolute paths and AT_FDCWD begin there. Aborts without memory. */
struct env *fault_env_new(void);
void fault_env_free(struct env *env);
void fault_env_freep(struct env **env);
#define cleanup_fault_env cleanup(fault_env_freep)

/* Calls made so far (clocks left out). */
uint64_t fault_env_calls(const struct env *env, enum fault_op op);
/* The n-th call of this kind from now (1 is the next) fails with `error` (negative errno); later ones go on.
 * A write fails before it writes. n 0: none. */
void fault_env_fail(struct env *env, enum fault_op op, uint64_t n, int error);
/* All calls of this kind fail from now on, until error 0 is given. */
void fault_env_fail_always(struct env *env, enum fault_op op, int error);
/* The n-th call from now is the last that reaches the disk, and it fails, as all later ones do, with -EIO,
 * until fault_env_power_cut. n 0: none. */
void fault_env_crash(struct env *env, uint64_t n);
bool fault_env_crashed(const struct env *env);
/* Every pwrite takes at most this many bytes; 0: no bound. */
void fault_env_short_writes(struct env *env, size_t bytes);
/* Bytes that files may still grow by: above it, -ENOSPC after what fitted. UINT64_MAX at first. */
void fault_env_space(struct env *env, uint64_t bytes);

/* The end of the process, and of the machine unless KEEP: open descriptors are gone, the unsynced is lost as
 * `how` says, failures set up are forgotten. */
void fault_env_power_cut(struct env *env, enum fault_cut how, uint64_t seed);

/* What freezing a file ends with; -EOPNOTSUPP at first. A file that is frozen can't be opened for writing,
 * nor, if it is immutable, unlinked or renamed. */
void fault_env_freezing(struct env *env, enum env_freeze how, int result);
bool fault_env_frozen(const struct env *env, const char *path, enum env_freeze how);

/* Clocks stand still until moved. */
void fault_env_tick(struct env *env, uint64_t us);

/* For tests that look at or tamper with files, past all faults. The path begins at the root. */
bool fault_env_exists(const struct env *env, const char *path);
/* The current content, owned by the world until the next write to it; NULL if there is no such file. */
uint8_t *fault_env_content(const struct env *env, const char *path, size_t *ret_len);
/* As if it had always been so, durably. Folders of the path must exist. */
void fault_env_put(struct env *env, const char *path, const void *p, size_t n);
void fault_env_remove(struct env *env, const char *path);
/* Descriptors still open: a test's end asks for 0. */
size_t fault_env_open_count(const struct env *env);

#endif

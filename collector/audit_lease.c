#include "collector/audit_lease.h"

#include "collector/audit_control.h"
#include "lib/env.h"
#include "lib/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define LEASE_BYTES_MAX ((size_t)AUDIT_RULES_MAX * (2 * AUDIT_RULE_BYTES_MAX + 1) + 64)

/* The folder may be one that others write to: what they left there is not ours to act upon. */
static int open_own(const char *path, size_t *ret_bytes)
{
	struct stat st;
	cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || (st.st_uid != geteuid() && geteuid() != 0))
		return -EPERM;
	if ((uint64_t)st.st_size > LEASE_BYTES_MAX)
		return -EFBIG;
	*ret_bytes = (size_t)st.st_size;
	return TAKE_FD(fd);
}

/* -ENOENT if there is none. */
static int read_lease(const char *path, struct audit_control *ret)
{
	size_t bytes = 0;
	cleanup_close int fd = open_own(path, &bytes);
	if (fd < 0)
		return fd;
	cleanup_free uint8_t *text = malloc(bytes + 1);
	if (!text)
		return -ENOMEM;
	int r = file_read_exact(env_system(), fd, text, bytes, 0);
	return r < 0 ? r : audit_control_parse((struct span){ text, bytes }, ret);
}

static int write_lease(const char *path, const struct audit_control *c)
{
	cleanup_buf struct buf text = { 0 };
	audit_control_print(c, &text);
	int r = buf_err(&text);
	if (r < 0)
		return r;
	if (unlink(path) < 0 && errno != ENOENT)
		return -errno;
	cleanup_close int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	return file_write_all(env_system(), fd, (struct span){ text.data, text.len }, 0);
}

/* Does what was added before fit what is wanted now? Somebody else may have brought some of it. */
static bool stands(const struct audit_control *was, const struct audit_rules *wanted)
{
	cleanup(audit_rules_done) struct audit_rules never = { 0 };
	const struct audit_rules *allowed = wanted;
	if (wanted->count == 0 && audit_rule_put_never(&never) == 0)
		allowed = &never;
	struct span rule;
	for (size_t at = 0; audit_rules_next(&was->added, &at, &rule);)
		if (!audit_rules_have(allowed, rule))
			return false;
	return was->added.count >= wanted->count;
}

/* A lease that fits is kept as it is: what it says is still to be put back. One from before a boot is void.
 */
static int settle_old(const char *path, const struct audit_rules *wanted, struct audit_control *ret)
{
	cleanup(audit_control_done) struct audit_control was = { 0 };
	int r = read_lease(path, &was);
	if (r == -ENOENT)
		return 0;
	if (r == 0 && stands(&was, wanted)) {
		*ret = was;
		was = (struct audit_control){ 0 };
		return 0;
	}
	return r == 0 ? audit_lease_give_back(path) : r;
}

static int join(struct audit_control *into, const struct audit_control *more)
{
	struct span rule;
	int r = 0;
	into->enabled = into->enabled || more->enabled;
	for (size_t at = 0; r == 0 && audit_rules_next(&more->added, &at, &rule);)
		if (!audit_rules_have(&into->added, rule))
			r = audit_rules_add(&into->added, rule);
	return r;
}

int audit_lease_take(const char *path, bool enable, const struct audit_rules *wanted, bool *ret_enabled)
{
	cleanup(audit_control_done) struct audit_control changed = { 0 }, all = { 0 };
	int r = settle_old(path, wanted, &all);
	if (r == 0)
		r = audit_control_apply(enable, wanted, &changed);
	if (r < 0)
		return r;
	*ret_enabled = changed.enabled;
	if (!changed.enabled && changed.added.count == 0)
		return 0;
	r = join(&all, &changed);
	if (r == 0)
		r = write_lease(path, &all);
	if (r < 0)
		(void)!audit_control_restore(&changed);
	return r;
}

int audit_lease_give_back(const char *path)
{
	cleanup(audit_control_done) struct audit_control changed = { 0 };
	int r = read_lease(path, &changed);
	if (r == -ENOENT)
		return 0;
	if (r == 0)
		r = audit_control_restore(&changed);
	if (r < 0)
		return r;
	return unlink(path) < 0 ? -errno : 0;
}

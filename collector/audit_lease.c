#include "collector/audit_lease.h"

#include "collector/audit_control.h"

#include <fcntl.h>
#include <unistd.h>

/* -ENOENT if there is none. */
static int read_lease(const char *path, struct audit_control *ret)
{
	uint8_t text[64];
	cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	ssize_t n = read(fd, text, sizeof(text));
	if (n < 0)
		return -errno;
	return audit_control_parse((struct span){ text, (size_t)n }, ret);
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
	ssize_t n = write(fd, text.data, text.len);
	if (n == (ssize_t)text.len)
		return 0;
	return n < 0 ? -errno : -EIO;
}

int audit_lease_take(const char *path, bool *ret_changed)
{
	struct audit_control changed = { 0 };
	int r = audit_control_enable(&changed);
	if (r < 0)
		return r;
	/* On already: by somebody, or by us, and then the lease is there. A lease from before a boot is void,
	 * for audit is off after it, and is written anew. */
	if (!changed.enabled) {
		*ret_changed = false;
		return 0;
	}
	r = write_lease(path, &changed);
	if (r < 0) {
		(void)!audit_control_restore(&changed);
		return r;
	}
	*ret_changed = true;
	return 0;
}

int audit_lease_give_back(const char *path)
{
	struct audit_control changed = { 0 };
	int r = read_lease(path, &changed);
	if (r == -ENOENT)
		return 0;
	if (r == 0)
		r = audit_control_restore(&changed);
	if (r < 0)
		return r;
	return unlink(path) < 0 ? -errno : 0;
}

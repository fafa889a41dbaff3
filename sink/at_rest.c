#include "sink/at_rest.h"

#include <fcntl.h>

#include "lib/file.h"
#include "sink/segment.h"

#define PROBE_NAME "at-rest.tmp"
#define FILE_MODE  0640

static int freeze(const struct env *env, int fd, enum at_rest how)
{
	switch (how) {
	case AT_REST_VERITY:
		return env->freeze(env, fd, ENV_FREEZE_VERITY);
	case AT_REST_IMMUTABLE:
		return env->freeze(env, fd, ENV_FREEZE_IMMUTABLE);
	case AT_REST_OFF:
		break;
	}
	return -ECANCELED;
}

int at_rest_protect(const struct env *env, int dirfd, const char *name, enum at_rest how)
{
	int fd = env->open(env, dirfd, name, O_RDONLY | O_NOFOLLOW, 0);
	if (fd < 0)
		return fd;
	int r = freeze(env, fd, how);
	int closed = env->close(env, fd);
	return r < 0 ? r : closed;
}

/* A file without a name, open for reading alone: whatever becomes of it, it is in nobody's way. */
static int open_probe(const struct env *env, int dirfd)
{
	int fd = env->open(env, dirfd, PROBE_NAME, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, FILE_MODE);
	if (fd < 0)
		return fd;
	int probe = env->open(env, dirfd, PROBE_NAME, O_RDONLY | O_NOFOLLOW, 0);
	int r = file_write_all(env, fd, span_str(PROBE_NAME), 0);
	int closed = env->close(env, fd);
	int gone = env->unlink(env, dirfd, PROBE_NAME);
	r = r < 0 ? r : closed < 0 ? closed : gone;
	if (r == 0 || probe < 0)
		return probe;
	(void)!env->close(env, probe);
	return r;
}

int at_rest_probe(const struct env *env, int dirfd, enum at_rest how)
{
	if (how == AT_REST_OFF)
		return -ECANCELED;
	int r = env->unlink(env, dirfd, PROBE_NAME);
	if (r < 0 && r != -ENOENT)
		return r;
	int fd = open_probe(env, dirfd);
	if (fd < 0)
		return fd;
	r = freeze(env, fd, how);
	int closed = env->close(env, fd);
	return r < 0 ? r : closed;
}

static bool is_segment(const char *name)
{
	size_t n = strlen(name), suffix = strlen(SEGMENT_SUFFIX);
	return n > suffix && strcmp(name + n - suffix, SEGMENT_SUFFIX) == 0;
}

int at_rest_protect_all(const struct env *env, int segment_dir, enum at_rest how)
{
	cleanup_free char *names = NULL;
	size_t len = 0;
	if (how == AT_REST_OFF)
		return -ECANCELED;
	int r = env->list(env, segment_dir, &names, &len);
	for (size_t at = 0; at < len; at += strlen(names + at) + 1) {
		int one = is_segment(names + at) ? at_rest_protect(env, segment_dir, names + at, how) : 0;
		r = r < 0 ? r : one;
	}
	return r;
}

void at_rest_put(struct buf *b, enum at_rest how, int outcome)
{
	static const struct {
		int outcome;
		const char *why;
	} reasons[] = {
		{ -ECANCELED, "off" },        { -EOPNOTSUPP, "unsupported" }, { -EPERM, "not-permitted" },
		{ -EACCES, "not-permitted" }, { -EROFS, "read-only" },        { -ENOSPC, "no-space" },
	};
	if (outcome == 0) {
		buf_put_str(b, how == AT_REST_VERITY ? "verity" : "immutable");
		return;
	}
	const char *why = "error";
	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++)
		why = reasons[i].outcome == outcome ? reasons[i].why : why;
	buf_printf(b, "none:%s", why);
}

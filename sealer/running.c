#include "sealer/session.h"

#include <fcntl.h>

#define MARK "running"

int running_set(const struct env *env, int state_fd, bool *ret_was_set)
{
	int fd = env->open(env, state_fd, MARK, O_WRONLY | O_CREAT | O_EXCL, 0600);
	*ret_was_set = fd == -EEXIST;
	if (fd == -EEXIST)
		return 0;
	if (fd < 0)
		return fd;
	int r = env->close(env, fd);
	return r < 0 ? r : env->dirsync(env, state_fd);
}

int running_clear(const struct env *env, int state_fd)
{
	int r = env->unlink(env, state_fd, MARK);
	if (r < 0 && r != -ENOENT)
		return r;
	return env->dirsync(env, state_fd);
}

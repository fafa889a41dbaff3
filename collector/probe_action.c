#include "collector/probe_action.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define OWN_PROGRAM "/proc/self/exe"

int probe_action_spawn(const char *marker, uint32_t *ret_pid)
{
	char name[] = "swornlog-collector", option[] = PROBE_ACTION_OPTION;
	cleanup_free char *copy = strdup(marker);
	char *const argv[] = { name, option, copy, NULL };
	char *const environment[] = { NULL };
	pid_t pid;
	if (!copy)
		return -ENOMEM;
	int err = posix_spawn(&pid, OWN_PROGRAM, NULL, NULL, argv, environment);
	if (err)
		return -err;
	*ret_pid = (uint32_t)pid;
	return 0;
}

bool probe_action_reap(uint32_t pid)
{
	pid_t ended = waitpid((pid_t)pid, NULL, WNOHANG);
	return ended != 0;
}

uint64_t probe_action_own_inode(void)
{
	struct stat st;
	return stat(OWN_PROGRAM, &st) < 0 ? 0 : st.st_ino;
}

int probe_action_file(int dirfd, const char *marker)
{
	cleanup_close int fd =
	        openat(dirfd, marker, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	int err = fd < 0 ? -errno : 0;
	if (fd >= 0 && unlinkat(dirfd, marker, 0) < 0)
		err = -errno;
	return err;
}

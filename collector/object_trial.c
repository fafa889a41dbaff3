#include "collector/object_trial.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* Results don't matter: the counters of the programs tell. */
static void ignore(int result maybe_unused)
{
}

static void try_file(int dir)
{
	char path[64];
	cleanup_close int fd = openat(dir, "file", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	ignore(fchmod(fd, 0600));
	ignore(fchown(fd, geteuid(), (gid_t)-1));
	ignore(ftruncate(fd, 0));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	ignore(truncate(path, 0));
}

static void try_names(int dir)
{
	ignore(mkdirat(dir, "folder", 0700));
	ignore(unlinkat(dir, "folder", AT_REMOVEDIR));
	ignore(mkfifoat(dir, "fifo", 0600));
	ignore(unlinkat(dir, "fifo", 0));
	ignore(symlinkat("file", dir, "symlink"));
	ignore(unlinkat(dir, "symlink", 0));
	ignore(linkat(dir, "file", dir, "link", 0));
	ignore(unlinkat(dir, "link", 0));
	ignore(renameat(dir, "file", dir, "renamed"));
	ignore(unlinkat(dir, "renamed", 0));
	ignore(unlinkat(dir, "file", 0));
}

int object_trial(const char *parent)
{
	char path[PATH_MAX];
	int len = snprintf(path, sizeof(path), "%s/swornlog-trial-XXXXXX", parent);
	if (len < 0 || (size_t)len >= sizeof(path))
		return -ENAMETOOLONG;
	if (!mkdtemp(path))
		return -errno;
	cleanup_close int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (dir >= 0) {
		try_file(dir);
		try_names(dir);
	}
	ignore(rmdir(path));
	return 0;
}

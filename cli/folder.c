#include "cli/folder.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/command.h"
#include "lib/file.h"

int folder_open(struct folder *f, const char *path)
{
	*f = (struct folder){ .path = path, .fd = -1 };
	if (mkdir(path, 0700) < 0 && errno != EEXIST) {
		int r = -errno;
		command_fail("the folder %s can't be made: %s", path, strerror(-r));
		return r;
	}
	f->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (f->fd >= 0)
		return 0;
	int r = -errno;
	command_fail("the folder %s can't be opened: %s", path, strerror(-r));
	return r;
}

static int write_new(const struct folder *f, const char *name, struct span content, mode_t mode)
{
	cleanup_close int fd =
	        openat(f->fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	if (fd < 0)
		return -errno;
	/* What the umask takes away is no matter for a key, but a certificate is to be read by others. */
	if (fchmod(fd, mode) < 0)
		return -errno;
	int r = file_write_all(env_system(), fd, content, 0);
	return r < 0 ? r : env_system()->datasync(env_system(), fd);
}

int folder_add(struct folder *f, const char *name, struct span content, mode_t mode)
{
	if (f->count == FOLDER_MAX_FILES || strlen(name) > FOLDER_NAME_MAX)
		return -ENAMETOOLONG;
	int r = write_new(f, name, content, mode);
	if (r == -EEXIST) {
		command_fail("%s/%s is there already and is not overwritten", f->path, name);
		return r;
	}
	snprintf(f->made[f->count++], sizeof(f->made[0]), "%s", name);
	if (r < 0)
		command_fail("%s/%s can't be written: %s", f->path, name, strerror(-r));
	return r;
}

int folder_commit(struct folder *f)
{
	int r = env_system()->dirsync(env_system(), f->fd);
	if (r < 0) {
		command_fail("the folder %s can't be synced: %s", f->path, strerror(-r));
		return r;
	}
	f->keep = true;
	return 0;
}

void folder_done(struct folder *f)
{
	for (size_t i = 0; !f->keep && i < f->count; i++)
		unlinkat(f->fd, f->made[i], 0);
	if (f->fd >= 0)
		close(f->fd);
	f->fd = -1;
}

#include "sink/tile_files.h"

#include <fcntl.h>
#include <stdio.h>

#include "lib/file.h"
#include "sink/store.h"

#define TILE_MODE 0640

enum walk { WALK, WALK_AND_MAKE, WALK_AND_SYNC };

static int open_folder(const struct env *env, int dirfd, const char *name, enum walk how)
{
	int r = how == WALK_AND_SYNC ? env->dirsync(env, dirfd) : 0;
	if (r < 0)
		return r;
	r = env->open(env, dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	return r == -ENOENT && how == WALK_AND_MAKE ? store_folder(env, dirfd, name) : r;
}

/* The folder that holds the path's last part, which *ret_name then points to. Returns a descriptor. */
static int open_parent(const struct env *env, int fleet_dir, char *path, enum walk how, const char **ret_name)
{
	int at = -1;
	char *slash;
	while ((slash = strchr(path, '/'))) {
		*slash = '\0';
		int next = open_folder(env, at < 0 ? fleet_dir : at, path, how);
		if (at >= 0)
			env->close(env, at);
		if (next < 0)
			return next;
		at = next;
		path = slash + 1;
	}
	*ret_name = path;
	return at;
}

int tile_file_write(const struct env *env, int fleet_dir, int level, uint64_t index, unsigned width,
                    struct span content)
{
	char path[TILE_PATH_MAX];
	const char *name;
	tile_path(level, index, width, path);
	int dir = open_parent(env, fleet_dir, path, WALK_AND_MAKE, &name);
	if (dir < 0)
		return dir;
	int r = file_replace(env, dir, name, content, TILE_MODE);
	env->close(env, dir);
	return r;
}

int tile_file_read(const struct env *env, int fleet_dir, int level, uint64_t index, unsigned width,
                   struct buf *ret)
{
	char path[TILE_PATH_MAX];
	tile_path(level, index, TILE_WIDTH, path);
	int r = file_read(env, fleet_dir, path, BUNDLE_MAX_BYTES, ret);
	if (r != -ENOENT || width == TILE_WIDTH)
		return r;
	tile_path(level, index, width, path);
	return file_read(env, fleet_dir, path, BUNDLE_MAX_BYTES, ret);
}

static void empty_folder(const struct env *env, int dir)
{
	cleanup_free char *names = NULL;
	size_t len;
	if (env->list(env, dir, &names, &len) < 0)
		return;
	for (size_t at = 0; at < len; at += strlen(names + at) + 1)
		(void)env->unlink(env, dir, names + at);
}

void tile_file_drop_partials(const struct env *env, int fleet_dir, int level, uint64_t index)
{
	char path[TILE_PATH_MAX + 2];
	const char *name;
	tile_path(level, index, TILE_WIDTH, path);
	strcat(path, ".p");
	int parent = open_parent(env, fleet_dir, path, WALK, &name);
	if (parent < 0)
		return;
	int dir = open_folder(env, parent, name, WALK);
	if (dir >= 0) {
		empty_folder(env, dir);
		env->close(env, dir);
		(void)env->rmdir(env, parent, name);
	}
	env->close(env, parent);
}

static int settle_parent(const struct env *env, int fleet_dir, char *path)
{
	const char *name;
	int dir = open_parent(env, fleet_dir, path, WALK_AND_SYNC, &name);
	if (dir < 0)
		return dir == -ENOENT ? 0 : dir;
	int r = store_sweep(env, dir);
	env->close(env, dir);
	return r;
}

int tile_file_settle(const struct env *env, int fleet_dir, int level, uint64_t index)
{
	char path[TILE_PATH_MAX];
	tile_path(level, index, TILE_WIDTH, path);
	int r = settle_parent(env, fleet_dir, path);
	tile_path(level, index, 1, path);
	return r < 0 ? r : settle_parent(env, fleet_dir, path);
}

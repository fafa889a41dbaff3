/* A copy of a folder that sins are committed on: each change keeps what was there before, so that the next
 * sin begins with the same copy. The original is only ever read. */
#ifndef SWORNLOG_DRILL_WORKSPACE_H
#define SWORNLOG_DRILL_WORKSPACE_H

#include <limits.h>

#include "lib/buf.h"
#include "lib/cursor.h"

#define WORKSPACE_PATH_MAX 160

struct workspace_change {
	char path[WORKSPACE_PATH_MAX];
	bool was_there;
};

struct workspace {
	char path[PATH_MAX]; /* of the copy */
	int dirfd;           /* -1: not open */
	int saved_fd;        /* a folder beside it: what was changed, by number */
	struct workspace_change *change;
	size_t count;
	size_t cap;
};

/* Copy the folder `from` and all below it into the new folder `to`; blocks are shared where the file system
 * can. Symbolic links and sockets are left out. */
must_check int workspace_copy_tree(const char *from, const char *to);
/* Copy `from` to `to`, and open the copy. */
must_check int workspace_open(struct workspace *w, const char *from, const char *to);
void workspace_done(struct workspace *w);
#define cleanup_workspace cleanup(workspace_done)

/* Put a file in place of the one that is there, or a new one. */
must_check int workspace_put(struct workspace *w, const char *path, struct span content);
/* Take a file away. -ENOENT. */
must_check int workspace_remove(struct workspace *w, const char *path);
/* Take away what lies there, if anything, and open a new file for writing in its place. */
must_check int workspace_create(struct workspace *w, const char *path, int *ret_fd);
/* Take away every file below a folder. */
must_check int workspace_empty(struct workspace *w, const char *folder);
/* All is as it was copied. */
must_check int workspace_restore(struct workspace *w);

#endif

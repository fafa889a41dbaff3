/* A folder that is filled with new files, in folders of their own. */
#ifndef SWORNLOG_CLI_FILE_TREE_H
#define SWORNLOG_CLI_FILE_TREE_H

#include "lib/cursor.h"

/* Make the folder, or take one that is there and empty. Returns a descriptor; -ENOTEMPTY. */
must_check int file_tree_open(const char *path);
/* A new file of mode 0644 at `path` below the folder, with the folders that it needs. -EEXIST. */
must_check int file_tree_write(int dirfd, const char *path, struct span content);
/* The same, behind what is in it already. */
must_check int file_tree_append(int dirfd, const char *path, struct span content);
/* All that was written is on stable storage. */
must_check int file_tree_sync(int dirfd);

#endif

/* On which file system an open file lies, in words: some keep what was overwritten. */
#ifndef SWORNLOG_LIB_FILE_SYSTEM_H
#define SWORNLOG_LIB_FILE_SYSTEM_H

#include "lib/buf.h"
#include "lib/cursor.h"

#define FILE_SYSTEM_NAME_MAX 64

/* The type of a mount, and behind it " data=journal" where that option is set, from the text of
 * /proc/self/mountinfo (proc(5)). -ENOENT if it lists no such mount. */
must_check int file_system_find(struct span mountinfo, uint64_t mount_id, char ret[FILE_SYSTEM_NAME_MAX]);
/* The same of the mount that holds fd, as the process sees it. "unknown" where the kernel does not say. */
void file_system_of(int fd, char ret[FILE_SYSTEM_NAME_MAX]);
/* True if what is overwritten in place there may stay on the disk all the same. */
bool file_system_keeps_copies(const char *name);

#endif

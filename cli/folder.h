/* A folder that new files are put into: none is ever overwritten, and a run that fails takes back what it
 * made. */
#ifndef SWORNLOG_CLI_FOLDER_H
#define SWORNLOG_CLI_FOLDER_H

#include "lib/cursor.h"

#define FOLDER_MAX_FILES 80
#define FOLDER_NAME_MAX  95

struct folder {
	const char *path;
	int fd; /* -1: not open */
	size_t count;
	char made[FOLDER_MAX_FILES][FOLDER_NAME_MAX + 1];
	bool keep;
};

/* Open, or make with mode 0700, the folder. Messages go to standard error; 0 or a negative errno. `path` is
 * kept, not copied. */
must_check int folder_open(struct folder *f, const char *path);
/* Write a new file of this mode, on stable storage. -EEXIST, with a message, if the name is taken. */
must_check int folder_add(struct folder *f, const char *name, struct span content, mode_t mode);
/* All is written: what was made stays. Call before folder_done. */
must_check int folder_commit(struct folder *f);
/* Remove what was made, unless committed, and close. */
void folder_done(struct folder *f);
#define cleanup_folder cleanup(folder_done)

#endif

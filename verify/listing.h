/* The names in a store's folders: which journals and segments there are, and what does not belong
 * (docs/format.md sections 13 and 15.2). */
#ifndef SWORNLOG_VERIFY_LISTING_H
#define SWORNLOG_VERIFY_LISTING_H

#include "verify/finding.h"

struct store_file {
	uint64_t number;
	bool journal; /* there is one of this number */
	bool segment;
};

#define STORE_PATH_MAX 64

struct listing {
	struct store_file *file; /* ascending by number */
	size_t len;
	size_t cap;
};

void listing_done(struct listing *l);
#define cleanup_listing cleanup(listing_done)

/* Unknown names become findings. `f` may be NULL: nobody wants to know. -ENOMEM, -EIO. */
must_check int listing_read(int store_fd, struct findings *f, struct listing *ret);
/* `journal/<number>.journal` or `segment/<number>.segment`. */
void store_path(bool segment, uint64_t number, char ret[STORE_PATH_MAX]);
/* True for the name of a file that is being written, or was when a crash came: it carries no meaning. */
bool listing_is_unfinished(const char *name);
/* True for a folder that holds `genesis` and a folder `journal` or `segment`. */
bool looks_like_store(int dirfd);

#endif

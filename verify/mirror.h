/* A copy of a store that only grows: what the store has more is taken over, and what contradicts the copy is
 * told (docs/format.md section 19.5). */
#ifndef SWORNLOG_VERIFY_MIRROR_H
#define SWORNLOG_VERIFY_MIRROR_H

#include "verify/listing.h"

#define MIRROR_PATH_MAX 160

struct mirror_pull {
	uint64_t bytes; /* that were taken over */
	uint64_t size;  /* of the fleet log, as its published checkpoint says */
	/* Where the store contradicts the copy: the file, and in which way. why NULL: nowhere. */
	char path[MIRROR_PATH_MAX];
	const char *why;
};

/* Make the folders of a copy that does not have them yet. */
must_check int mirror_prepare(int keep_fd);
/* Take over what the store has beyond the copy: complete commit groups of journals, finished segments, forks,
 * tiles, the published checkpoint last. What the copy has is never changed but for the checkpoint. -EAGAIN:
 * the sink was faster; others: trouble with either disk. *ret is set unless an error is returned. Blocks. */
must_check int mirror_pull(int store_fd, int keep_fd, struct mirror_pull *ret);
/* Copy one file of the store to a folder, under the last part of its name: the other side of a contradiction.
 */
must_check int mirror_save(int store_fd, const char *path, int to_fd);

#endif

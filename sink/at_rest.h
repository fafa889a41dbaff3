/* Finished segments made unchangeable by the file system, where it can (docs/format.md section 19.4). */
#ifndef SWORNLOG_SINK_AT_REST_H
#define SWORNLOG_SINK_AT_REST_H

#include "lib/buf.h"
#include "lib/env.h"

enum at_rest {
	AT_REST_VERITY = 0,    /* fs-verity */
	AT_REST_IMMUTABLE = 1, /* the immutable attribute */
	AT_REST_OFF = 2,
};

/* Try it on a file of its own in `dirfd`, which is gone afterwards. 0, or why it can't be done: -ECANCELED
 * (AT_REST_OFF), -EOPNOTSUPP, -EPERM, ... */
must_check int at_rest_probe(const struct env *env, int dirfd, enum at_rest how);
/* Do it to the file `name`, which is durable and which nobody has open for writing. As at_rest_probe. */
must_check int at_rest_protect(const struct env *env, int dirfd, const char *name, enum at_rest how);
/* Do it to all segments in the folder: those of before, and one whose maker was stopped in between. The first
 * error, after all were tried. */
must_check int at_rest_protect_all(const struct env *env, int segment_dir, enum at_rest how);
/* Append what it came to, as one word: "verity", "immutable", "none:<why>". */
void at_rest_put(struct buf *b, enum at_rest how, int outcome);

#endif

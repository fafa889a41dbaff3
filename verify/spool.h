/* A host's spool against the anchor (docs/format.md section 14): the batches that have not been shipped, and
 * the newest receipted ones. */
#ifndef SWORNLOG_VERIFY_SPOOL_H
#define SWORNLOG_VERIFY_SPOOL_H

#include "verify/store.h"

/* True for a folder that holds `base` or a batch. */
bool looks_like_spool(int dirfd);
/* As verify_store. The sealer may be at work meanwhile. The first batch of a spool that does not begin at
 * index 0 is signed by a key that only the batch before named: what vouches for it is a receipt or an
 * identity signature for a head that covers it; without either it is a finding. */
must_check int verify_spool(const struct verify_options *o, struct report *ret);

/* Names of the batch files in a spool, in order. */
struct spool_file {
	uint32_t epoch;
	uint64_t first;
};
struct spool_listing {
	struct spool_file *file;
	size_t len;
	size_t cap;
};
void spool_listing_done(struct spool_listing *l);
#define cleanup_spool_listing cleanup(spool_listing_done)
/* `f` may be NULL. -EIO, -ENOMEM. */
must_check int spool_listing_read(int dirfd, struct findings *f, struct spool_listing *ret);
#define SPOOL_FILE_NAME_MAX 48
void spool_file_name(const struct spool_file *file, char ret[SPOOL_FILE_NAME_MAX]);

struct spool_base {
	struct origin origin;
	struct frontier tree;
};
/* -EBADMSG. */
must_check int spool_base_parse(struct span bytes, struct spool_base *ret);

#endif

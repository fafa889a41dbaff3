/* The leaves of one batch: each entry's salt and body joined, and its hash. */
#ifndef SWORNLOG_CLI_BATCH_LEAVES_H
#define SWORNLOG_CLI_BATCH_LEAVES_H

#include "evidence/batch.h"

/* A zeroed one is empty, and may be filled again and again. */
struct batch_leaves {
	struct salter *salter;
	struct buf raw;
	struct buf entries; /* as an entry bundle has them */
	struct hash *hash;
	uint32_t count, cap;
};

void batch_leaves_done(struct batch_leaves *l);
#define cleanup_batch_leaves cleanup(batch_leaves_done)

/* -EBADMSG if they are not what the header says. */
must_check int batch_leaves_read(struct batch_leaves *l, const struct batch *b);
/* Start on the entries; then tile_next_bundle_entry for each. Valid until the next read. */
struct cursor batch_leaves_entries(const struct batch_leaves *l);
/* Number i (from 0) of the batch, i < count. */
struct span batch_leaves_entry(const struct batch_leaves *l, uint32_t i);
/* The entry behind the salt of a leaf. -EBADMSG. */
must_check int leaf_parse(struct span leaf, struct entry *ret);

#endif

/* The leaves of an exported log, one after the other, out of its tiles and bundles (docs/format.md section
 * 18). */
#ifndef SWORNLOG_VERIFY_LEAF_READER_H
#define SWORNLOG_VERIFY_LEAF_READER_H

#include "lib/buf.h"
#include "lib/digest.h"

struct leaf_reader {
	int dirfd;          /* not owned */
	const char *folder; /* below it; kept */
	uint64_t size;      /* of the log */
	bool bundles;
	uint64_t at;
	struct buf tile, bundle;
	struct cursor entries;
};

void leaf_reader_done(struct leaf_reader *r);
#define cleanup_leaf_reader cleanup(leaf_reader_done)

/* The leaf at r->at, which is below r->size: its hash as the tile has it, and the entry as the bundle has it
 * (empty without bundles; valid until the next call). -EBADMSG: a file that it takes is not there, or not
 * what it should be. */
must_check int leaf_reader_next(struct leaf_reader *r, struct hash *ret_leaf, struct span *ret_entry);

#endif

/* Runs of sealed batches, read from the spool folder (docs/format.md section 14). Never writes there. */
#ifndef SWORNLOG_SHIPPER_GATHER_H
#define SWORNLOG_SHIPPER_GATHER_H

#include "lib/buf.h"
#include "lib/env.h"

#define GATHER_MAX_BATCHES 64
#define GATHER_MAX_BYTES   (8u << 20)
#define GATHER_MAX_NAMES   1000000 /* more files than that are no spool */

struct gather_row {
	uint64_t first;
	uint32_t epoch;
};

struct gather {
	const struct env *env;
	int spool_fd;            /* stays the caller's */
	struct gather_row *rows; /* of the listing under way, in order */
	size_t count;
};

struct gathered {
	size_t count; /* batches; 0: nothing is there */
	uint32_t epoch;
	uint64_t first; /* of the first batch */
	uint64_t end;   /* behind the last entry */
};

void gather_init(struct gather *g, const struct env *env, int spool_fd);
void gather_done(struct gather *g);

/* The note of the newest batch at or behind (epoch, first) that the identity key has signed too, appended to
 * `out`; *ret_epoch and *ret_end are those of its batch. 1, or 0 if there is none. Looks at no more than
 * GATHER_MAX_LOOKS batches: the identity key signs every ten seconds. */
#define GATHER_MAX_LOOKS 512
must_check int gather_newest_signed(struct gather *g, uint32_t epoch, uint64_t first, struct buf *out,
                                    uint32_t *ret_epoch, uint64_t *ret_end);

/* Append to `out` the batches from the first one at or behind (epoch, first) on: consecutive, of one epoch,
 * at most max_batches (1 to GATHER_MAX_BATCHES) and GATHER_MAX_BYTES. -EBADMSG: the first file is no batch,
 * or not the one that its name says. */
must_check int gather_take(struct gather *g, uint32_t epoch, uint64_t first, size_t max_batches,
                           struct buf *out, struct gathered *ret);

#endif

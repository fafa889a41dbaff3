/* The list of a host log's seals that goes with an export: what was signed, and the entries that are opened
 * for it (docs/format.md section 18). */
#ifndef SWORNLOG_EVIDENCE_SEALS_H
#define SWORNLOG_EVIDENCE_SEALS_H

#include "lib/buf.h"
#include "lib/cursor.h"

/* Two opened entries in base64, a note, and the lines between. */
#define SEALS_BLOCK_MAX (256u << 10)

struct sealed_batch {
	uint64_t first, count;
	struct span epoch; /* leaf 0; empty unless `first` is 0 */
	struct span seal;  /* the last leaf of the batch */
	struct span note;
};

/* What the list begins with. */
void seals_put_head(struct buf *b, const char *origin);
void seals_put(struct buf *b, const struct sealed_batch *s);
/* The batch at the head of `in`, which need hold no more than SEALS_BLOCK_MAX of what is left of the list.
 * Returns its length. Leaves are decoded into `scratch`, the note is in `in`. -EBADMSG, -ENOMEM. */
must_check ssize_t seals_next(struct span in, struct buf *scratch, struct sealed_batch *ret);

#endif

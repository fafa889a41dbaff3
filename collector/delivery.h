/* How many of the things that were put into a byte queue have left it.
 *
 * They have no length of their own, so the way is marked: when a mark has left, so have the things before it,
 * and only then is the next one set. The answer may be too small, never too large.
 */
#ifndef SWORNLOG_COLLECTOR_DELIVERY_H
#define SWORNLOG_COLLECTOR_DELIVERY_H

#include "lib/base.h"

/* Zeroed: nothing was put. */
struct delivery {
	uint64_t put_bytes, gone_bytes;  /* into the queue and out of it, ever */
	uint64_t mark_bytes, mark_count; /* once so many bytes are out, so many things are */
	uint64_t gone;                   /* things, at least */
};

void delivery_put(struct delivery *d, size_t bytes);
void delivery_gone(struct delivery *d, size_t bytes);
/* `count`: things that were put, ever. */
void delivery_mark(struct delivery *d, uint64_t count);
/* The queue was emptied. */
void delivery_restart(struct delivery *d, uint64_t count);

#endif

/* A bounded queue of intake frames on their way into a stream. */
#ifndef SWORNLOG_COLLECTOR_FRAME_QUEUE_H
#define SWORNLOG_COLLECTOR_FRAME_QUEUE_H

#include <sys/uio.h>

#include "evidence/intake.h"

struct frame_queue;

/* -ENOMEM. */
must_check int frame_queue_new(size_t capacity, struct frame_queue **ret);
/* Takes NULL. */
void frame_queue_free(struct frame_queue *q);

size_t frame_queue_used(const struct frame_queue *q);
size_t frame_queue_room(const struct frame_queue *q);
/* One whole frame. False if there is no room: nothing was put. */
must_check bool frame_queue_put(struct frame_queue *q, struct span frame);
/* The bytes to be written next, in one or two parts. Returns how many parts, 0 when empty. */
int frame_queue_parts(const struct frame_queue *q, struct iovec parts[2]);
/* The stream took n bytes. */
void frame_queue_written(struct frame_queue *q, size_t n);
/* Take back, one by one, the frames that have not been written wholly; the first may have been in part.
 * Frames are copied into `into`. False when the queue is empty. */
must_check bool frame_queue_take_back(struct frame_queue *q, struct buf *into);

#endif

#include "collector/frame_queue.h"

#define HEADER_BYTES 4

struct frame_queue {
	size_t capacity;
	size_t at;      /* where the first frame begins */
	size_t used;    /* from there on */
	size_t written; /* of the first frame */
	uint8_t bytes[];
};

int frame_queue_new(size_t capacity, struct frame_queue **ret)
{
	struct frame_queue *q = calloc(1, sizeof(*q) + capacity);
	if (!q)
		return -ENOMEM;
	q->capacity = capacity;
	*ret = q;
	return 0;
}

void frame_queue_free(struct frame_queue *q)
{
	free(q);
}

size_t frame_queue_used(const struct frame_queue *q)
{
	return q->used;
}

size_t frame_queue_room(const struct frame_queue *q)
{
	return q->capacity - q->used;
}

bool frame_queue_put(struct frame_queue *q, struct span frame)
{
	if (frame.len > frame_queue_room(q))
		return false;
	size_t to = (q->at + q->used) % q->capacity;
	size_t first = MIN(frame.len, q->capacity - to);
	memcpy(q->bytes + to, frame.data, first);
	memcpy(q->bytes, frame.data + first, frame.len - first);
	q->used += frame.len;
	return true;
}

int frame_queue_parts(const struct frame_queue *q, struct iovec parts[2])
{
	size_t left = q->used - q->written;
	if (left == 0)
		return 0;
	/* The address is only read from, but iovec knows no const. */
	uint8_t *bytes = (uint8_t *)(uintptr_t)q->bytes;
	size_t from = (q->at + q->written) % q->capacity;
	size_t first = MIN(left, q->capacity - from);
	parts[0] = (struct iovec){ bytes + from, first };
	parts[1] = (struct iovec){ bytes, left - first };
	return left > first ? 2 : 1;
}

static size_t first_frame(const struct frame_queue *q)
{
	size_t len = 0;
	for (size_t i = 0; i < HEADER_BYTES; i++)
		len = len << 8 | q->bytes[(q->at + i) % q->capacity];
	return len + HEADER_BYTES;
}

static void drop_first(struct frame_queue *q, size_t len)
{
	q->at = (q->at + len) % q->capacity;
	q->used -= len;
}

void frame_queue_written(struct frame_queue *q, size_t n)
{
	q->written += n;
	while (q->used) {
		size_t len = first_frame(q);
		if (q->written < len)
			return;
		q->written -= len;
		drop_first(q, len);
	}
}

bool frame_queue_take_back(struct frame_queue *q, struct buf *into)
{
	q->written = 0;
	if (q->used == 0)
		return false;
	size_t len = first_frame(q);
	size_t first = MIN(len, q->capacity - q->at);
	buf_put(into, q->bytes + q->at, first);
	buf_put(into, q->bytes, len - first);
	drop_first(q, len);
	return true;
}

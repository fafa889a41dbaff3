/* Reads a BPF ring buffer record by record: looks at the next one first, so that two rings can be read as
 * one, in the order of time. */
#ifndef SWORNLOG_COLLECTOR_RING_READER_H
#define SWORNLOG_COLLECTOR_RING_READER_H

#include "lib/base.h"

enum ring_state {
	RING_EMPTY,
	RING_RECORD,
	RING_BUSY, /* the next record is being written: those after it can't be had yet */
};

/* The kernel's layout: a page with the reader's position, one with the writer's, and the data twice in a row
 * so that every record is in one piece. */
struct ring_reader {
	uint64_t *consumer;
	const uint64_t *producer;
	const uint8_t *data;
	size_t bytes; /* of data, once; 0: no ring */
	size_t size;  /* of the record last looked at, its head included */
};

/* Map the ring. -errno. */
must_check int ring_reader_open(int map_fd, size_t bytes, struct ring_reader *ret);
/* Zeroed is fine. */
void ring_reader_close(struct ring_reader *r);

/* With RING_RECORD, `ret` is aligned to 8 bytes and valid until ring_reader_take(). Positions or a length
 * that can't be are somebody else's doing: all that is in the ring is then passed over, and the numbers of
 * its records will be missing. */
must_check enum ring_state ring_reader_peek(struct ring_reader *r, const void **ret, size_t *ret_size);
/* Give the record last looked at back to the kernel. */
void ring_reader_take(struct ring_reader *r);

#endif

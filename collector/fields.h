/* Writes the field map of an event: up to 63 pairs, keys ascending, absent ones left out. */
#ifndef SWORNLOG_COLLECTOR_FIELDS_H
#define SWORNLOG_COLLECTOR_FIELDS_H

#include "lib/cbor.h"

struct fields {
	struct buf *b;
	size_t start;
	unsigned count;
	int64_t last_key;
};

/* Begin a map at the end of `b`, which nothing else may write to until fields_end(). */
void fields_begin(struct fields *f, struct buf *b);
/* The caller puts exactly one item after it. Keys must ascend, or the buffer gets an error (-EINVAL). */
void fields_key(struct fields *f, uint64_t key);
void fields_uint(struct fields *f, uint64_t key, uint64_t value);
void fields_int(struct fields *f, uint64_t key, int64_t value);
void fields_bytes(struct fields *f, uint64_t key, struct span value);
/* As fields_uint, but 0 is left out. */
void fields_uint_nonzero(struct fields *f, uint64_t key, uint64_t value);
/* The map, in the buffer: valid until that changes. */
struct span fields_end(struct fields *f);

#endif

/* The records of the sink's journals and segments (docs/format.md section 13). */
#ifndef SWORNLOG_EVIDENCE_RECORD_H
#define SWORNLOG_EVIDENCE_RECORD_H

#include "evidence/key.h"
#include "evidence/merkle.h"
#include "lib/buf.h"

#define RECORD_MAX_PAYLOAD   (64u << 20)
#define RECORD_HEAD_BYTES    5
#define RECORD_CHECK_BYTES   8
#define RECORD_OVERHEAD      (RECORD_HEAD_BYTES + RECORD_CHECK_BYTES)
#define RECORD_FILE_HEADER   16
#define SEGMENT_FOOTER_BYTES 16

enum record_type { RECORD_BATCH = 1, RECORD_FLEET = 2, RECORD_SNAPSHOT = 3, RECORD_INDEX = 4 };

/* "swljrnl1" or "swlsegm1", and the number: what the check bytes of each record are bound to. */
struct record_file {
	bool segment;
	uint64_t number;
};

void record_put_file_header(struct buf *b, const struct record_file *f);
must_check int record_parse_file_header(struct span bytes, struct record_file *ret);

/* Append one record that will stand at `offset` of the file. */
void record_put(struct buf *b, const struct record_file *f, uint64_t offset, enum record_type type,
                struct span payload);
/* The record at the head of `in`, which stands at `offset`. Returns its whole length; 0 if `in` ends before
 * it does; -EBADMSG if its length, type or check bytes are wrong. */
must_check ssize_t record_parse(struct span in, const struct record_file *f, uint64_t offset,
                                enum record_type *ret_type, struct span *ret_payload);

struct record_head {
	struct span origin;
	uint64_t size;
	struct hash root;
};

/* Payload of RECORD_FLEET. Heads are read one by one with record_next_head. */
struct fleet_record {
	uint64_t index;
	struct span entry;
	size_t head_count;
	struct cursor heads;
	struct span note; /* data NULL: null */
};

/* heads: head_count of them. */
void fleet_record_put(struct buf *b, uint64_t index, struct span entry, const struct record_head *heads,
                      size_t head_count, struct span note);
/* Checks everything, the heads included. */
must_check int fleet_record_parse(struct span payload, struct fleet_record *ret);
bool record_next_head(struct cursor *heads, struct record_head *ret);

struct index_row {
	struct span origin;
	uint64_t first, count, offset, length;
};
void index_put(struct buf *b, const struct index_row *rows, size_t n);
/* Start on a payload: *ret_rows rows follow; then index_next for each. */
must_check int index_open(struct span payload, struct cursor *ret, size_t *ret_rows);
bool index_next(struct cursor *c, struct index_row *ret);

#endif

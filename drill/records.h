/* A journal or segment taken apart into its records, and written again with fitting check bytes, which is
 * what somebody with access to the sink's disk would do (docs/format.md section 13). */
#ifndef SWORNLOG_DRILL_RECORDS_H
#define SWORNLOG_DRILL_RECORDS_H

#include "drill/workspace.h"
#include "evidence/batch.h"
#include "evidence/record.h"
#include "verify/listing.h"

struct record {
	enum record_type type;
	struct span payload; /* into the file, or into `own` */
	uint8_t *own;
};

struct records {
	struct record_file file;
	char path[STORE_PATH_MAX];
	uint8_t *map; /* the file as it was read */
	size_t map_len;
	struct record *list; /* without a segment's index, which is made anew */
	size_t count;
};

/* -EBADMSG: not a whole journal or segment. *ret is empty after an error. */
must_check int records_read(const struct workspace *w, bool segment, uint64_t number, struct records *ret);
void records_done(struct records *r);
#define cleanup_records cleanup(records_done)
must_check int records_write(const struct records *r, struct workspace *w);

void records_remove(struct records *r, size_t at);
/* Takes the bytes over and leaves the buffer empty, also on failure. */
must_check int records_replace(struct records *r, size_t at, struct buf *payload);
void records_swap(struct records *r, size_t one, size_t two);

/* The record's batch. False: it is none. */
bool records_batch(const struct records *r, size_t at, struct batch *ret);
/* The record's fleet entry. False: it is none. */
bool records_fleet(const struct records *r, size_t at, struct fleet_record *ret);

#endif

/* The two passes over one journal or segment. A segment's fleet records stand behind its batches, and the
 * enrolment of a host may be among them: so the fleet log goes first, and the batches go second. */
#ifndef SWORNLOG_VERIFY_PASS_H
#define SWORNLOG_VERIFY_PASS_H

#include "verify/listing.h"
#include "verify/store_file.h"

#define RECORD_NOT_INTACT "the record's check bytes do not fit"

struct pass {
	struct store_check *store;
	struct window window;
	struct scan scan;
	char path[STORE_PATH_MAX];
	bool last;
	struct buf index; /* a segment's index payload */
	struct cursor rows;
	uint64_t rows_left;
};

struct place pass_place(const struct pass *w, uint64_t offset);
void pass_find(const struct pass *w, enum verdict v, uint64_t offset, const char *why);
/* Payload of a record; broken check bytes are reported, and the payload is looked at all the same: what it
 * holds says which host it is about. */
must_check int pass_payload(const struct pass *w, const struct scan_record *record, struct span *ret);

must_check int pass_fleet(struct pass *w);   /* pass_fleet.c */
must_check int pass_batches(struct pass *w); /* pass_batches.c */

#endif

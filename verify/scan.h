/* Walking the records of a journal or segment, whatever its bytes are (docs/format.md section 13). */
#ifndef SWORNLOG_VERIFY_SCAN_H
#define SWORNLOG_VERIFY_SCAN_H

#include "evidence/record.h"
#include "verify/window.h"

struct scan {
	struct window *window;
	struct record_file file;
	uint64_t at;    /* offset of the next record */
	uint64_t limit; /* records end here: a segment's footer, a journal's torn tail */
};

enum scan_state {
	SCAN_RECORD,
	SCAN_END,    /* exactly at the limit */
	SCAN_CUT,    /* the limit lies inside a record */
	SCAN_BROKEN, /* type or length can't be right: no way to find the next record */
};

struct scan_record {
	uint64_t type; /* enum record_type */
	uint64_t offset;
	uint64_t length; /* the whole record */
};

/* Read the file header. -EBADMSG if it is none. */
must_check int scan_open(struct scan *s, struct window *w);
void scan_rewind(struct scan *s);
/* Step to the next record by its head alone. 0, or -EIO and the like. */
must_check int scan_next(struct scan *s, struct scan_record *ret, enum scan_state *ret_state);
/* The record's payload without a look at its check bytes, valid until the next call on the window. */
must_check int scan_bytes(const struct scan *s, const struct scan_record *r, struct span *ret);
/* The record's payload, valid until the next call on the window; *ret_intact: its check bytes fit. */
must_check int scan_payload(const struct scan *s, const struct scan_record *r, struct span *ret,
                            bool *ret_intact);

struct scan_end {
	uint64_t complete;     /* end of the last complete commit group of a journal, or of its snapshot */
	uint64_t stopped;      /* offset of the record that could not be stepped over, or the limit */
	enum scan_state state; /* why it stopped */
};

must_check int scan_find_end(const struct scan *s, struct scan_end *ret);

#endif

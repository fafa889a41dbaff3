/* Parser of one audit record's text: `audit(1490137971.011:50406): pid=1 uid=0 msg='op=login acct="root"'`.
 *
 * Pure: bytes in, spans into those bytes out; it allocates nothing and takes time linear in the text. The
 * text is hostile: programs put what they like into msg='...', and into every name that the kernel reports.
 */
#ifndef SWORNLOG_AUDIT_RECORD_H
#define SWORNLOG_AUDIT_RECORD_H

#include "lib/cursor.h"

/* The kernel stops at 8,970 bytes for most records; a path of 4,096 bytes in hex may go beyond. */
#define AUDIT_RECORD_MAX_BYTES 16384

/* An event's key: all its records carry it. */
struct audit_stamp {
	uint64_t ms; /* wall clock, since 1970 */
	uint32_t serial;
};

/* Read the `audit(seconds.milliseconds:serial):` at the head. `ret_body` is what follows. -EBADMSG if there
 * is none or a number is out of range. */
must_check int audit_record_stamp(struct span text, struct audit_stamp *ret, struct span *ret_body);

enum audit_form {
	AUDIT_FORM_BARE,   /* key=value up to a space */
	AUDIT_FORM_QUOTED, /* "value": never hex, whatever it holds */
	AUDIT_FORM_HEX, /* bare, and nothing but pairs of upper-case hex digits: hex if the key is that of an
	                   untrusted string, else a number that looks like it */
};

struct audit_item {
	struct span key;
	struct span value; /* without its quotes */
	struct span word;  /* the bare word just before the key ("old auid=0"); else empty */
	enum audit_form form;
	bool nested;   /* inside msg='...': what a program claims, not what the kernel saw */
	bool enriched; /* after 0x1D: a log daemon's interpretation */
};

/* Walks a body's fields in order. */
struct audit_iterator {
	struct span rest;
	struct span outer; /* after the nested part; empty outside it */
	bool nested;
	bool enriched;
	bool malformed; /* a quote was not closed; what could be read was given all the same */
};

void audit_iterator_init(struct audit_iterator *it, struct span body);
/* The next key=value, or false at the end. Words without a value are stepped over. */
bool audit_iterator_next(struct audit_iterator *it, struct audit_item *ret);

/* True for what stands for no value: empty, ?, (null), (none). */
bool audit_value_absent(const struct audit_item *item);
/* An unsigned decimal number of at most 32 bits; -EBADMSG otherwise. -1 is UINT32_MAX, as in old records. */
must_check int audit_value_number(const struct audit_item *item, uint32_t *ret);
/* Bytes of the value of an untrusted string once its hex is undone. */
size_t audit_value_bytes(const struct audit_item *item);
/* Write the first `max` of these bytes to `ret`; returns how many. */
size_t audit_value_decode(const struct audit_item *item, size_t max, uint8_t *ret);

#endif

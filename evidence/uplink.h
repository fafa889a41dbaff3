/* The messages between sealer and shipper over a local stream socket. Never stored, never signed; both ends
 * are of one build, and check every byte all the same.
 *
 * message = length u32be (of what follows, at most UPLINK_MAX_BYTES) || type u8 || fields
 */
#ifndef SWORNLOG_EVIDENCE_UPLINK_H
#define SWORNLOG_EVIDENCE_UPLINK_H

#include "lib/buf.h"
#include "lib/cursor.h"

#define UPLINK_MAX_BYTES (256u << 10)

enum uplink_type {
	UPLINK_READY = 1,    /* sealer: u32be epoch || u64be first of the newest sealed batch || u64be size of
	                        the fleet head held */
	UPLINK_RECEIPT = 2,  /* shipper: the receipt */
	UPLINK_CONFLICT = 3, /* shipper: u32be epoch || u64be first of the batch refused || the conflict */
	UPLINK_REFUSED = 4,  /* shipper: u16be HTTP status || u32be epoch || u64be first || the error body */
	UPLINK_SHIP_FROM = 5, /* sealer: u32be epoch || u64be first: what comes before has its receipt */
};

struct uplink_message {
	enum uplink_type type;
	uint16_t status;
	uint32_t epoch;
	uint64_t first;
	uint64_t held;    /* UPLINK_READY */
	struct span body; /* UPLINK_RECEIPT, _CONFLICT, _REFUSED */
};

/* Append a message. Errors show in the buffer (-EMSGSIZE: over the limit). */
void uplink_put(struct buf *b, const struct uplink_message *m);
/* Parse the message at the head of `in`, which *ret points into. Returns its length, 0 if more bytes are
 * needed, or -EBADMSG. */
must_check ssize_t uplink_parse(struct span in, struct uplink_message *ret);

#endif

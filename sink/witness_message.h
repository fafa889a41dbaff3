/* The packets between the sink and its process that talks with witnesses. Never stored, never signed; the
 * sink checks every byte all the same, for that process reads what strangers send.
 *
 * packet = type u8 || witness u8 || u64be old || u64be size || bytes to its end
 */
#ifndef SWORNLOG_SINK_WITNESS_MESSAGE_H
#define SWORNLOG_SINK_WITNESS_MESSAGE_H

#include "evidence/witness.h"
#include "lib/buf.h"
#include "lib/cursor.h"

enum witness_message_type {
	/* To the process. */
	WITNESS_ASK = 1,   /* what does each witness hold of this log? */
	WITNESS_OFFER = 2, /* bytes: the checkpoint of `size`, to be cosigned by each */
	WITNESS_PROOF = 3, /* witness, old, size; bytes: hashes */
	/* From it; each about one witness. */
	WITNESS_LATEST = 4,      /* bytes: the checkpoint that it holds; none: nothing of this log */
	WITNESS_WANTS_PROOF = 5, /* from old to size */
	WITNESS_COSIGNED = 6,    /* bytes: its line on the checkpoint of `size` */
	WITNESS_AHEAD = 7,       /* it says that it holds `old`, more than `size`, which it was offered */
	WITNESS_DIFFERS = 8,     /* it says that the checkpoint of `size` does not continue what it holds */
	WITNESS_FAILED = 9,      /* bytes: why nothing came of it, in words */
};

#define WITNESS_PACKET_MAX (18 + NOTE_MAX_BYTES)

struct witness_message {
	enum witness_message_type type;
	uint8_t witness; /* its number in the policy */
	uint64_t old, size;
	struct span bytes;
};

void witness_message_put(struct buf *b, const struct witness_message *m);
/* 0 or -EBADMSG; *ret points into `packet`. */
must_check int witness_message_parse(struct span packet, struct witness_message *ret);

#endif

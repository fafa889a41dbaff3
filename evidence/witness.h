/* What a log and a witness say to each other: C2SP tlog-witness (docs/format.md section 16). */
#ifndef SWORNLOG_EVIDENCE_WITNESS_H
#define SWORNLOG_EVIDENCE_WITNESS_H

#include "evidence/note.h"

#define WITNESS_MAX_PROOF 63
/* "old ", 19 digits, proof lines of 45 bytes, an empty line, a note. */
#define WITNESS_MAX_REQUEST  (24 + WITNESS_MAX_PROOF * 45 + 1 + NOTE_MAX_BYTES)
#define WITNESS_MAX_RESPONSE 8192

#define WITNESS_SIZE_TYPE "text/x.tlog.size" /* content type of the answer 409 that names a size */
#define WITNESS_HEX_MAX   64

struct witness_request {
	uint64_t old_size;
	size_t proof_len;
	struct hash proof[WITNESS_MAX_PROOF];
	struct span note; /* not looked at yet */
};

/* Append the body of an add-checkpoint request. -E2BIG for a longer proof than the protocol carries. */
must_check int witness_put_request(struct buf *b, uint64_t old_size, const struct hash *proof,
                                   size_t proof_len, struct span note);
/* 0 or -EBADMSG; *ret points into `body`. */
must_check int witness_parse_request(struct span body, struct witness_request *ret);

/* From an answer 200: append the first line by `witness`, which is verified to be its cosignature of `text`.
 * -EBADMSG: malformed, or it does not verify. -ENOKEY: there is no line by this witness. */
must_check int witness_take_cosignature(struct span body, struct span text, const struct key *witness,
                                        struct buf *ret_line, uint64_t *ret_time_s);

/* The body of an answer 409: the size that the witness holds. */
void witness_put_size(struct buf *b, uint64_t size);
must_check int witness_parse_size(struct span body, uint64_t *ret);

/* The folder of a log on the read side: hex of H(origin), behind which stands /checkpoint. */
void witness_origin_hex(struct span origin, char ret[WITNESS_HEX_MAX + 1]);

#endif

/* Batches: runs of entries, packed, with the host checkpoint that ends them (docs/format.md section 8). */
#ifndef SWORNLOG_EVIDENCE_BATCH_H
#define SWORNLOG_EVIDENCE_BATCH_H

#include "evidence/entry.h"
#include "evidence/merkle.h"
#include "evidence/note.h"
#include "lib/pack.h"

#define BATCH_MAX_COUNT    65536
#define BATCH_MAX_RAW      (8u << 20)
#define BATCH_MAX_PACKED   (1u << 20)
#define BATCH_MAX_NOTE     1024
#define BATCH_SEED_BYTES   32
#define BATCH_HEADER_BYTES 68
#define BATCH_MAX_BYTES    (BATCH_HEADER_BYTES + ORIGIN_MAX + BATCH_MAX_PACKED + BATCH_MAX_NOTE)

struct batch {
	enum pack_codec codec;
	struct origin origin;
	struct span origin_text;
	uint32_t count;
	uint64_t first;
	uint32_t raw_len;
	const uint8_t *seed; /* BATCH_SEED_BYTES */
	struct span packed;
	struct span note_bytes;
	struct note note;
	struct checkpoint head; /* of the note */
	struct span bytes;      /* the whole batch */
};

/* Parse the batch at the head of `in`: header, limits, note's form, and that its head fits origin, first and
 * count. No hashing, no signature. Returns its length, or -EBADMSG. *ret points into `in`. */
must_check ssize_t batch_parse(struct span in, struct batch *ret);
/* A batch whose signature lines may not be there yet (docs/format.md section 14): as batch_parse, but what
 * follows the note's empty line is not looked at. `in` is exactly one batch. *ret_signatures is the offset at
 * which the signature lines belong. */
must_check int batch_parse_unsigned(struct span in, struct batch *ret, size_t *ret_signatures);
/* Length of the batch at the head of `in` by its header alone: 0 if `in` holds less than a header, -EBADMSG
 * if over limits. */
must_check ssize_t batch_length(struct span in);
/* Append the raw entries to `raw`. -EBADMSG unless they are exactly raw_len bytes. */
must_check int batch_unpack(const struct batch *b, struct buf *raw);

/* The salts of a batch (docs/format.md section 5). */
struct salter;
must_check int salter_new(struct salter **ret);
void salter_free(struct salter *s);
void salter_freep(struct salter **s);
#define cleanup_salter cleanup(salter_freep)
/* Start on a batch; then each call gives the next entry's salt, from entry 0 on. */
must_check int salter_start(struct salter *s, const uint8_t seed[BATCH_SEED_BYTES]);
must_check int salter_next(struct salter *s, uint8_t ret[ENTRY_SALT_BYTES]);

/* The bodies of raw entries, one after the other. Returns false at the end; a malformed run sets the cursor's
 * error. */
bool batch_next_body(struct cursor *raw, struct span *ret_body);

/* Hash all raw entries into the tree, in order. -EBADMSG if they are not exactly `count`. The frontier is
 * unusable after an error. */
must_check int batch_hash(const struct batch *b, struct span raw, struct salter *salter,
                          struct frontier *tree);

/* What batch_put_unsigned needs. */
struct batch_parts {
	enum pack_codec codec;
	const char *origin;
	uint32_t count;
	uint64_t first;
	const uint8_t *seed;
	struct span raw;
	const struct hash *root;
	size_t signature_bytes; /* of the signature lines that will follow */
};

/* Append a batch up to and including its note's empty line; the caller appends exactly `signature_bytes` of
 * signature lines. -EMSGSIZE if it does not fit the limits packed (try fewer entries). */
must_check int batch_put_unsigned(struct buf *b, const struct batch_parts *parts);

#endif

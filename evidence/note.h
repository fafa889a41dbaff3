/* Signed notes and checkpoints (docs/format.md section 4). */
#ifndef SWORNLOG_EVIDENCE_NOTE_H
#define SWORNLOG_EVIDENCE_NOTE_H

#include "evidence/key.h"
#include "evidence/merkle.h"

#define NOTE_MAX_BYTES      16384
#define NOTE_MAX_SIGNATURES 100

struct note {
	struct span text;       /* with its final newline: what is signed */
	struct span signatures; /* the lines after the empty one */
};

struct note_signature {
	struct span name;
	uint8_t id[4];
	uint8_t blob[76]; /* what follows the id; longer ones are carried as unknown */
	size_t blob_len;
};

/* Split and check the form of a note, all signature lines included. 0 or -EBADMSG. */
must_check int note_parse(struct span bytes, struct note *ret);
/* Signature number i (from 0) of a parsed note. */
bool note_signature(const struct note *n, size_t i, struct note_signature *ret);
size_t note_signature_count(const struct note *n);
/* Verify against known keys: bit i of *ret_verified is set if keys[i] signed (at most 64 keys, else -EINVAL).
 * -EBADMSG if a known key's line does not verify, -ENOKEY if no line is by a known key. */
must_check int note_verify(const struct note *n, const struct key *keys, size_t key_count,
                           uint64_t *ret_verified);
/* True if line i is this key's and verifies. */
bool note_signed_by(const struct note *n, size_t i, const struct key *key);

/* Bytes that note_put_signature will append for a key of this name. */
size_t note_signature_bytes(const char *name);
/* Append a signature line; `blob` is the key id and what follows it. */
void note_put_line(struct buf *b, const char *name, struct span blob);
/* Append one signature line over `text`. The caller has appended the text and the empty line. -EINVAL unless
 * the key is one of type 0x01. */
must_check int note_put_signature(struct buf *b, struct span text, const struct signer *signer);
/* Append text, empty line and one signature by each signer. */
must_check int note_put(struct buf *b, struct span text, const struct signer *const *signers, size_t n);

struct checkpoint {
	struct span origin;
	uint64_t size;
	struct hash root;
	uint64_t generation; /* of the fleet log; 0 if checkpoint_verify_fleet has not looked */
};

/* Longest text: origin, 19 digits, 44 characters, three newlines. */
#define CHECKPOINT_TEXT_MAX (KEY_NAME_MAX + 19 + 44 + 3)

void checkpoint_put_text(struct buf *b, const char *origin, uint64_t size, const struct hash *root);
must_check int checkpoint_parse(struct span text, struct checkpoint *ret);
/* A fleet checkpoint of any generation: ret->generation says which. `log` is the key that the genesis
 * statement names; `exact` demands that its line is the only one, else it need only be the first. 0,
 * -EBADMSG, -ENOKEY. */
must_check int checkpoint_verify_fleet(struct span note, const struct key *log, bool exact,
                                       struct checkpoint *ret);
/* The same of a note in a fleet record or receipt: the key's line is the first, and nothing may follow it but
 * that of the key before it, which may be NULL. */
must_check int checkpoint_verify_keys(struct span note, const struct key *log, const struct key *former,
                                      struct checkpoint *ret);

#endif

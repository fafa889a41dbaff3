/* Timestamped cosignatures of checkpoints, type 0x04 of C2SP tlog-cosignature (docs/format.md section 16). */
#ifndef SWORNLOG_EVIDENCE_COSIGNATURE_H
#define SWORNLOG_EVIDENCE_COSIGNATURE_H

#include "evidence/note.h"

#define COSIGNATURE_BYTES (8 + ED25519_SIGNATURE_BYTES) /* behind the key id */

/* Append the line by which a witness says that it saw `text` at that time. -EINVAL unless the key is one of
 * type 0x04 and the time at most 2^63-1. */
must_check int cosignature_put(struct buf *b, struct span text, uint64_t time_s, const struct signer *signer);
/* Whether a line that is by name and id this key's is its cosignature of `text`. */
bool cosignature_verifies(const struct note_signature *s, struct span text, const struct key *key);
/* What a line that verifies says it was made at. */
uint64_t cosignature_time(const struct note_signature *s);

#endif

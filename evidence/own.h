/* What the log's own entries have in common, for the files that implement seal.h. Nobody else includes it. */
#ifndef SWORNLOG_EVIDENCE_OWN_H
#define SWORNLOG_EVIDENCE_OWN_H

#include "evidence/entry.h"
#include "lib/cursor.h"
#include "lib/digest.h"

/* Append the body of an entry with these fields, of the agent itself. */
void own_put(struct buf *b, enum entry_kind kind, int64_t time_us, const struct buf *fields);

/* Hand the map's pairs one by one to `get`. `required` has a bit for each key that must be there. -EBADMSG.
 */
must_check int own_parse(const struct entry *e, void (*get)(struct cursor *c, uint64_t key, void *into),
                         void *into, uint64_t required);
/* These fail the cursor where something else stands. */
void own_get_exact(struct cursor *c, void *out, size_t n);
void own_get_hash(struct cursor *c, struct hash *out);
void own_expect_array(struct cursor *c, size_t items);

#endif

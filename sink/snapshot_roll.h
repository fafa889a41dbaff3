/* What the snapshot keeps of statements (docs/format.md section 13.4): the standing of each host, and the
 * roll. */
#ifndef SWORNLOG_SINK_SNAPSHOT_ROLL_H
#define SWORNLOG_SINK_SNAPSHOT_ROLL_H

#include "evidence/roll.h"
#include "evidence/succession.h"
#include "lib/cbor.h"

void snapshot_put_standing(struct buf *b, const struct standing *s);
/* Identity and certificate are the caller's. Errors show in the cursor. */
void snapshot_get_standing(struct cursor *c, struct standing *ret);
void snapshot_put_roll(struct buf *b, const struct roll *l);
/* Into a roll as roll_init() left it. -EBADMSG, -ENOMEM. */
must_check int snapshot_get_roll(struct cursor *c, struct roll *l);

/* A byte string of exactly n bytes, or an error in the cursor. */
void snapshot_get_fixed(struct cursor *c, void *out, size_t n);

#endif

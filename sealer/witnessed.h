/* The newest witnessed checkpoint of the fleet log: checked against the host's policy, kept in the spool,
 * missed when it stays behind (docs/format.md sections 10, 14 and 16). */
#ifndef SWORNLOG_SEALER_WITNESSED_H
#define SWORNLOG_SEALER_WITNESSED_H

#include "sealer/session.h"

/* Take up what an earlier run kept. */
must_check int witnessed_load(struct sealer *s);
/* A receipt that is held: its commit has to be witnessed within the bound from now on. */
void witnessed_expect(struct sealer *s, const struct receipt *r);
/* The witnessed part of a receipt that was taken. */
must_check int witnessed_take(struct sealer *s, const struct receipt *r);
/* An entry when receipts stay without witnesses for too long, and when they have them again. */
must_check int witnessed_look(struct sealer *s);
/* Append the members of the status. */
void witnessed_put_status(const struct sealer *s, struct buf *b);

#endif

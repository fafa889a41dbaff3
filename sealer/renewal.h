/* The sink was restored from an older copy, and its fleet log goes on as another generation (docs/format.md
 * section 19.3): both notes are kept in the spool, and an entry says so. */
#ifndef SWORNLOG_SEALER_RENEWAL_H
#define SWORNLOG_SEALER_RENEWAL_H

#include "sealer/session.h"

/* A receipt of a later generation than the head held, before that receipt replaces the newest one of the
 * former. */
must_check int renewal_tell(struct sealer *s, const struct receipt *r, const struct fleet_head *head);

#endif

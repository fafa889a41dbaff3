/* Two histories of the fleet log, both signed with its key: an attack. Both notes are kept in the spool
 * (docs/format.md section 14), and it is said as loudly as this host can. */
#ifndef SWORNLOG_SEALER_HISTORIES_H
#define SWORNLOG_SEALER_HISTORIES_H

#include "sealer/session.h"

#define HISTORIES_MAX 16

/* What earlier runs have kept. */
must_check int histories_load(struct sealer *s);
/* A receipt whose checkpoint does not fit the fleet head held, or its own witnessed checkpoint. *ret: words
 * for the log. */
must_check int histories_tell(struct sealer *s, const struct receipt *r, enum receipt_verdict v,
                              const char **ret);
/* True for the verdicts that histories_tell is for. */
bool histories_differ(enum receipt_verdict v);

#endif

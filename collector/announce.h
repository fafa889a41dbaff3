/* Tells the sealer what the collector itself is: posture, and the rules of collection. */
#ifndef SWORNLOG_COLLECTOR_ANNOUNCE_H
#define SWORNLOG_COLLECTOR_ANNOUNCE_H

#include "collector/parts.h"

/* If it is another one than was told last. -ENOMEM. */
must_check int announce_posture(struct parts *p);
/* The same once the collector runs: without memory it is logged, and told at the next change. */
void announce_change(struct parts *p);
/* p->rules are in force in the programs: from now on in user space as well. */
void announce_rules(struct parts *p);
/* Rules that were read and not put in force. */
void announce_refusal(struct parts *p, const char *error);

#endif

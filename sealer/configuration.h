/* What the agent was told to do: the hash in each seal, and the entries that say what it is of. */
#ifndef SWORNLOG_SEALER_CONFIGURATION_H
#define SWORNLOG_SEALER_CONFIGURATION_H

#include "sealer/session.h"

/* After the log was opened: the collector has not told its rules yet. */
void configuration_begin(struct sealer *s);
/* The collector's rules: an entry if they are news, or were refused. */
must_check int configuration_take(struct sealer *s, const struct intake_rules *rules);
/* Into a new epoch: the entry again. */
must_check int configuration_repeat(struct sealer *s);

#endif

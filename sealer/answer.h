/* What the sink's answers mean for the host log: receipts, conflicts (docs/format.md sections 10 and 12). */
#ifndef SWORNLOG_SEALER_ANSWER_H
#define SWORNLOG_SEALER_ANSWER_H

#include "sealer/session.h"

/* Take up the receipt that an earlier run left in the spool. */
must_check int answer_load(struct sealer *s);

#endif

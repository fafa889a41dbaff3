/* How long receipted batches stay in the spool, for a sink that has to be restored (docs/format.md
 * section 19.2). */
#ifndef SWORNLOG_SEALER_RETENTION_H
#define SWORNLOG_SEALER_RETENTION_H

#include "sealer/session.h"

/* More than these are not kept, whatever their size: a start reads them all. */
#define RETENTION_BATCHES 32768

/* After a receipt, and when the spool grows beyond its bound: free what need not be kept. A failure is
 * counted, and it is tried again with the next receipt. */
void retention_apply(struct sealer *s);
/* The disk is full: new data is worth more than all that is kept. True if something was freed. */
bool retention_give_up(struct sealer *s);

#endif

/* What a host gets to hold: receipts, and conflicts that carry one (docs/format.md sections 10 and 12). */
#ifndef SWORNLOG_SINK_RECEIPTS_H
#define SWORNLOG_SINK_RECEIPTS_H

#include "sink/core.h"

/* Append a receipt for the host's newest head, proven against the newest fleet checkpoint and from the fleet
 * head of size `held` that the host has. Where held is above the log's size there is no proof, and the
 * receipt shows it. The host has a head. */
must_check int receipts_put(struct core *c, const struct host *h, uint64_t held, struct buf *out);
/* Append a conflict; `reason` is "size", "epoch" or "fork". */
must_check int receipts_put_conflict(struct core *c, const struct host *h, const char *reason, uint64_t held,
                                     struct buf *out);

#endif

/* Batches made with stolen keys: everything that a host's log needs, but the seal key, which is gone. */
#ifndef SWORNLOG_DRILL_FORGE_H
#define SWORNLOG_DRILL_FORGE_H

#include "drill/scratch.h"
#include "lib/buf.h"

/* Append the newest batch of a host's spool, as it is. */
must_check int forge_newest(const struct scratch_host *h, struct buf *ret);
/* Append a batch that continues the host's log, sealed by a key that nobody named, and signed by the host's
 * identity key. */
must_check int forge_continuation(const struct scratch_host *h, struct buf *ret);
/* Append the first batch of the host's next epoch, which the identity key vouches for. */
must_check int forge_epoch(const struct scratch_host *h, struct buf *ret);

/* Append a batch with nothing but a seal, whose wall clock is off by so much, sealed by the key that the
 * host's next batch is due to be sealed by: as if the clock had been set. */
must_check int forge_clock(const struct scratch_host *h, int64_t shift_us, struct buf *ret);

#endif

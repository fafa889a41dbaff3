/* What the clocks and the boots in a host's seals say: late batches, clocks that stepped, machines that were
 * put back or copied (docs/format.md section 15).
 */
#ifndef SWORNLOG_VERIFY_TIMELINE_H
#define SWORNLOG_VERIFY_TIMELINE_H

#include "verify/work.h"

#define LATE_US       (300u * 1000 * 1000)
#define AHEAD_US      (60u * 1000 * 1000)
#define CLOCK_STEP_US 1000000 /* and a thousandth of the time that passed */

/* The seal of a batch that the chain has found good. -ENOMEM. */
must_check int timeline_seal(struct work *w);
/* After the last file. */
void timeline_finish(struct hosts *h, struct log_host *host);
/* Seal keys and seeds that two hosts share. -ENOMEM. */
must_check int timeline_compare_hosts(struct hosts *h);

#endif

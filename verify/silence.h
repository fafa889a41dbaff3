/* Silence: how long a host was not heard, by the sink's clock (docs/format.md section 15). */
#ifndef SWORNLOG_VERIFY_SILENCE_H
#define SWORNLOG_VERIFY_SILENCE_H

#include "verify/host.h"

/* Three heartbeats. Nothing is said of silence where only the structure is looked at, for a goodbye stands in
 * an entry that is not opened then. */
#define SILENCE_US (30u * 1000 * 1000)

/* The batches of a file have gone by, and the heads of its commits are still there. */
void silence_end_file(struct hosts *h);
/* After the last file: hosts that were not heard again. */
void silence_finish(struct hosts *h, struct log_host *host);

#endif

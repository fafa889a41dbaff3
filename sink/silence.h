/* Who has not been heard for too long, by the sink's own clock. */
#ifndef SWORNLOG_SINK_SILENCE_H
#define SWORNLOG_SINK_SILENCE_H

#include "sink/hosts.h"

/* True if the raw entries of a batch end in a goodbye and the seal: silence after it is no alarm. */
bool silence_is_goodbye(struct span raw);
/* The next host from number *at on that has just become silent; it is marked so. NULL when there is none
 * left. Begin with *at 0. */
struct host *silence_next(const struct hosts *hosts, uint64_t now_us, uint64_t after_us, size_t *at);

#endif

/* The state of the sink as one record, so that it starts from its newest journal alone (docs/format.md
 * section 13.4). */
#ifndef SWORNLOG_SINK_SNAPSHOT_H
#define SWORNLOG_SINK_SNAPSHOT_H

#include "sink/hosts.h"

struct snapshot {
	struct frontier fleet;
	struct span note; /* newest fleet checkpoint; empty before the first */
};

/* Append a snapshot. All hosts must be hashed in. Errors show in the buffer. */
void snapshot_put(struct buf *b, const struct snapshot *s, const struct hosts *hosts,
                  const struct roll *roll);
/* Parse into `hosts`, which is empty before, and `roll`, which is as roll_init() left it. -EBADMSG. */
must_check int snapshot_parse(struct span bytes, struct snapshot *ret, struct hosts *hosts,
                              struct roll *roll);

#endif

/* Closed journals rewritten host by host (docs/format.md section 13.3). */
#ifndef SWORNLOG_SINK_SEGMENT_H
#define SWORNLOG_SINK_SEGMENT_H

#include "lib/env.h"

#define SEGMENT_SUFFIX   ".segment"
#define SEGMENT_NAME_MAX 40

void segment_name(uint64_t number, char ret[SEGMENT_NAME_MAX]);

/* Make segment `number` from the journal of that number, which stays. Every record is checked on the way.
 * Durable when it returns 0, not there at all otherwise. -EBADMSG: the journal is damaged. Blocks for long.
 */
must_check int segment_make(const struct env *env, int journal_dir, int segment_dir, uint64_t number);

#endif

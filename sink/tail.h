/* What stands behind the last whole commit group of a journal: the torn end of one write, or a damaged
 * journal. */
#ifndef SWORNLOG_SINK_TAIL_H
#define SWORNLOG_SINK_TAIL_H

#include "sink/journal.h"

/* Each group is durable before the next is written, so a crash tears one group at most. 0 if what stands from
 * `offset` on can be that; -EBADMSG if there is more, which was acked once and must not be cut off.
 * `next_index` is the fleet log's size at `offset`. Moves the reader. */
must_check int tail_check(struct journal_reader *r, uint64_t offset, uint64_t next_index);

#endif

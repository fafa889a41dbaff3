/* One commit group read back from a journal, gathered whole before any of it counts. */
#ifndef SWORNLOG_SINK_REPLAY_GROUP_H
#define SWORNLOG_SINK_REPLAY_GROUP_H

#include "sink/core.h"

struct replay_batch {
	struct origin origin;
	uint64_t first;
	struct host_head head;
	struct buf note;
	struct unhashed place;
};

struct replay_group {
	struct replay_batch *batches;
	size_t batch_count, batch_cap;
	struct buf *fleet; /* payloads */
	size_t fleet_count;
};

void replay_group_done(struct replay_group *g);
/* Empty it for the next group. */
void replay_group_reset(struct replay_group *g);
/* Add a record that stands at `offset`. 1 when it ends the group; -EBADMSG if it can't be part of one. */
must_check int replay_group_add(struct replay_group *g, enum record_type type, struct span payload,
                                uint64_t offset);
/* Move the core on by a complete group. Every link is checked but signatures and the hashing of entries.
 * -EBADMSG. */
must_check int replay_group_apply(const struct replay_group *g, struct core *c);

#endif

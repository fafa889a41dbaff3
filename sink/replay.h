/* Reading the newest journal back into the core at its start (docs/format.md section 13.2). */
#ifndef SWORNLOG_SINK_REPLAY_H
#define SWORNLOG_SINK_REPLAY_H

#include "sink/core.h"

/* Rebuild hosts and fleet log from journal `number`, cut its torn tail and open it for appending. Batches are
 * not hashed yet: core_hash_in does that. Refuses a journal that was damaged anywhere but at its end, and one
 * that is behind what was published. `error` gets a sentence. */
must_check int replay(struct core *c, uint64_t number, char *error, size_t error_size);

#endif

/* A store that was put back from an older copy: its fleet log goes on as another generation, and says so
 * (docs/format.md section 19.3). */
#ifndef SWORNLOG_SINK_RESTORE_H
#define SWORNLOG_SINK_RESTORE_H

#include "sink/core.h"

#define RESTORE_NEXT UINT64_MAX

/* Begin a generation in a core that was opened and has signed nothing yet, RESTORE_NEXT for the one behind
 * the copy's: its entry is committed and published. `error` gets a sentence. */
must_check int restore_begin(struct core *c, uint64_t generation, char *error, size_t error_size);
/* Give the key of generation 1 the name that the log of a store has now, by its published checkpoint; nothing
 * is verified. For what must know it before the store is opened. */
must_check int restore_current_key(const struct env *env, const char *store, struct key *log);
/* Such an entry read back, before it is added to the log. -EBADMSG if it does not fit. */
must_check int restore_apply(struct core *c, struct span detail);

#endif

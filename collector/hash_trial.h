/* One exec, to learn whether the kernel gives the SHA-256 of what is executed. */
#ifndef SWORNLOG_COLLECTOR_HASH_TRIAL_H
#define SWORNLOG_COLLECTOR_HASH_TRIAL_H

#include "lib/base.h"

/* Runs our own program while the gate of KIND_EXEC is closed, and compares what has come into the map
 * `exec_hashes` with what the file holds. 0 if it is the same, -ENODATA if none came, -EBADMSG if it is
 * another, -errno if nothing could be tried. Blocks until the program ends, ten seconds at most. */
must_check int hash_trial(int hashes_fd);

#endif

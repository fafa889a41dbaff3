/* The actions of the self-probe: a process of our own program, and a file. */
#ifndef SWORNLOG_COLLECTOR_PROBE_ACTION_H
#define SWORNLOG_COLLECTOR_PROBE_ACTION_H

#include "lib/base.h"

/* Given as the first argument, the program ends at once, with SELF_PROBE_EXIT_CODE. */
#define PROBE_ACTION_OPTION "--probe"

/* Start our own program with that option and the marker. Does not wait for its end. */
must_check int probe_action_spawn(const char *marker, uint32_t *ret_pid);
/* Take the end of a process that was started, if it has come. */
bool probe_action_reap(uint32_t pid);
/* The inode of our program; 0 if not known. */
uint64_t probe_action_own_inode(void);
/* Make a file of that name in the folder, and remove it. */
must_check int probe_action_file(int dirfd, const char *marker);

#endif

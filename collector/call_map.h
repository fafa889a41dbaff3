/* Tells the programs what to make of each system call. */
#ifndef SWORNLOG_COLLECTOR_CALL_MAP_H
#define SWORNLOG_COLLECTOR_CALL_MAP_H

#include "collector/kinds.h"

/* Fill the map of bpf/events.h's struct bpf_call_pair, by number, with the calls that make these kinds.
 * -errno of the kernel. */
must_check int call_map_fill(int fd, const struct kinds *kinds);

#endif

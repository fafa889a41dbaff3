/* Events made up for a scratch host, over the socket that its collector would use: so a drill needs neither
 * root nor BPF, and a flood is as large as it should be. */
#ifndef SWORNLOG_DRILL_SOURCE_H
#define SWORNLOG_DRILL_SOURCE_H

#include "drill/scratch.h"

struct source {
	int fd; /* -1: not connected */
	uint64_t sent;
};

must_check int source_open(struct scratch_host *h, struct source *ret);
/* So many file events with names of so many bytes that don't pack. */
must_check int source_send(struct source *f, unsigned events, size_t name_bytes);
/* Says goodbye. */
void source_close(struct source *f);
#define cleanup_source cleanup(source_close)

#endif

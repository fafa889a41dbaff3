/* Announcements: a head that the host's identity key has signed becomes an entry of the fleet log before the
 * data that leads to it (docs/format.md section 19.1). */
#ifndef SWORNLOG_SINK_ANNOUNCE_H
#define SWORNLOG_SINK_ANNOUNCE_H

#include "sink/append.h"

/* An enrolled host must not fill the fleet log. */
#define ANNOUNCE_EVERY_US 10000000u

/* As append_step and append_settle, of a request with verb APPEND_ANNOUNCEMENT. */
enum append_next announce_step(struct append *a);
void announce_settle(struct append *a);

#endif

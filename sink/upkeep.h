/* What the sink does from time to time: publish, begin journals, have segments made, watch for silence. */
#ifndef SWORNLOG_SINK_UPKEEP_H
#define SWORNLOG_SINK_UPKEEP_H

#include "sink/server.h"

must_check int upkeep_init(struct server *s, uint64_t interval_ms);
void upkeep_done(struct server *s);

#endif

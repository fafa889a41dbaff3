/* SIGTERM and SIGINT as the orderly end of a daemon on a libevent loop. */
#ifndef SWORNLOG_LIB_END_SIGNALS_H
#define SWORNLOG_LIB_END_SIGNALS_H

#include <event2/event.h>

#include "lib/base.h"

struct end_signals {
	void (*stop)(void *ctx);
	void *ctx;
	struct event *event[2];
};

/* From here on either signal is logged and calls `stop`, which sees to it that the loop ends. The struct
 * stays where it is until it is done with. */
void end_signals_init(struct end_signals *e, struct event_base *base, void (*stop)(void *ctx), void *ctx);
void end_signals_done(struct end_signals *e);

#endif

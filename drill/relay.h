/* The network between a host and its sink: a process that passes bytes on, until it is cut. */
#ifndef SWORNLOG_DRILL_RELAY_H
#define SWORNLOG_DRILL_RELAY_H

#include "drill/program.h"

struct relay {
	struct program process;
	unsigned port; /* listens there, on the loopback address */
};

must_check int relay_start(struct relay *r, unsigned to_port);
/* No packet goes through any more. */
void relay_cut(struct relay *r);
#define cleanup_relay cleanup(relay_cut)

#endif

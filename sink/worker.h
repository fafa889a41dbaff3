/* The helper process that turns closed journals into segments, so that appends never wait for it. It has no
 * key and no socket but the one to the sink. */
#ifndef SWORNLOG_SINK_WORKER_H
#define SWORNLOG_SINK_WORKER_H

#include "lib/base.h"

struct worker {
	pid_t pid;
	int fd;
	bool busy;
};

/* Start it. To be called before there are keys, sockets or threads. `store` is kept, not copied. */
must_check int worker_start(const char *store, struct worker *ret);
/* Have a segment made of journal `number`. Does not block. */
must_check int worker_ask(struct worker *w, uint64_t number);
/* What has come of it: 1 and the outcome, 0 if nothing has yet, -EPIPE if the process is gone. */
must_check int worker_outcome(struct worker *w, uint64_t *ret_number, int *ret_result);
void worker_stop(struct worker *w);

#endif

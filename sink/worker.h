/* The helper process that turns closed journals into segments, so that appends never wait for it. It has no
 * key and no socket but the one to the sink. */
#ifndef SWORNLOG_SINK_WORKER_H
#define SWORNLOG_SINK_WORKER_H

#include "sink/at_rest.h"
#include "sink/child.h"

struct worker {
	struct child process;
	bool busy;
};

/* Start it. To be called before there are keys, sockets or threads. `store` is kept, not copied. The segments
 * that are there already are protected first. */
must_check int worker_start(const char *store, enum at_rest at_rest, struct worker *ret);
/* Have a segment made of journal `number`. Does not block. */
must_check int worker_ask(struct worker *w, uint64_t number);
struct worker_outcome {
	uint64_t number;
	int32_t result;  /* of making it */
	int32_t at_rest; /* of protecting it, once it was made */
};

/* What has come of it: 1 and the outcome, 0 if nothing has yet, -EPIPE if the process is gone. */
must_check int worker_outcome(struct worker *w, struct worker_outcome *ret);
void worker_stop(struct worker *w);

#endif

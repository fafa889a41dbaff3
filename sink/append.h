/* One append request, from its body to its answer (docs/format.md section 12). Knows no socket. */
#ifndef SWORNLOG_SINK_APPEND_H
#define SWORNLOG_SINK_APPEND_H

#include "sink/core.h"

#define APPEND_MAX_BYTES   8388608
#define APPEND_MAX_BATCHES 64

struct answer {
	unsigned status;
	struct buf body;
};

void answer_done(struct answer *a);
#define cleanup_answer cleanup(answer_done)
/* Make it an error; what the body held is dropped. */
void answer_error(struct answer *a, unsigned status, const char *word, const char *sentence);

enum append_verb {
	APPEND_BATCHES,
	APPEND_ANNOUNCEMENT, /* the body is a note: sink/announce.c */
};

enum append_next {
	APPEND_AGAIN,    /* there is more to check: call append_step again, when others had their turn */
	APPEND_FLUSH,    /* call core_commit, then append_step again */
	APPEND_WAIT,     /* durable with the next core_commit; then call append_settle */
	APPEND_ANSWERED, /* a->answer is ready */
};

struct append {
	struct core *core;
	struct host *host;
	enum append_verb verb;
	struct buf body;
	uint64_t held; /* size of the fleet head that the host has */
	size_t at;     /* of the next batch */
	bool parsed;
	struct host_head
	        last; /* of the newest batch that was staged, or that the sink had already, or announced */
	uint64_t commits; /* of an announcement: how many there were before it */
	struct answer answer;
};

/* Start on a request of an authenticated host, to append batches unless a->verb is set to something else. The
 * body's memory becomes the append's. */
void append_start(struct append *a, struct core *core, struct host *host, struct buf *body, uint64_t held);
void append_done(struct append *a);
/* What the steps end with when nothing comes of the request: an error as the answer. */
enum append_next append_refuse(struct append *a, unsigned status, const char *word, const char *sentence);
enum append_next append_trouble(struct append *a);
/* Check and stage one batch, or the announcement. */
enum append_next append_step(struct append *a);
/* After the commit that an APPEND_WAIT was for. */
void append_settle(struct append *a);

#endif

/* Turns the record of an exec into the event that it stands for, and into what is known of the process. */
#ifndef SWORNLOG_COLLECTOR_EXEC_EVENT_H
#define SWORNLOG_COLLECTOR_EXEC_EVENT_H

#include "collector/actor.h"
#include "collector/bpf_record.h"
#include "collector/witness.h"

/* Reused from record to record, so that its buffers are allocated once. What it points to is the caller's. */
struct exec_event {
	struct actors *actors;
	struct witness *witness;      /* NULL: none */
	struct redact *const *redact; /* looked up for each; NULL: nothing is replaced */
	struct buf path, argv, fields;
};

void exec_event_done(struct exec_event *e);

/* Through the actors to the sink, redacted, with audit's word if the witness has it. False without memory:
 * nothing was sent. */
must_check bool exec_event_take(struct exec_event *e, const struct bpf_view *view);
/* A process that was found running: remembered, and described when it first acts. False without memory. */
must_check bool exec_event_found(struct exec_event *e, const struct bpf_view *view);

#endif

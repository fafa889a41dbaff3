/* Turns kernel records into events. */
#ifndef SWORNLOG_COLLECTOR_NORMALISE_H
#define SWORNLOG_COLLECTOR_NORMALISE_H

#include "collector/actor.h"
#include "collector/bpf_record.h"
#include "collector/own_events.h"

struct normaliser_config {
	struct actors *actors;        /* the caller's */
	struct event_sink sink;       /* the same that the actors have */
	const struct own_events *own; /* the caller's; NULL: none */
	struct redact *const *redact; /* looked up for each exec; NULL: nothing is replaced */
};

struct normaliser;

/* -ENOMEM. */
must_check int normaliser_new(const struct normaliser_config *config, struct normaliser **ret);
/* Takes NULL. */
void normaliser_free(struct normaliser *n);

/* One record of bpf_record_check(): one event to the sink, after the descriptions that it needs; none for a
 * fork. False if nothing became of it (a call that is not in the table, no memory): the caller counts it as
 * lost. */
must_check bool normaliser_record(struct normaliser *n, const struct bpf_view *view);

/* A process of bpf_source_list(): remembered, and described when it first acts. False without memory. */
must_check bool normaliser_found(struct normaliser *n, const struct bpf_view *view);

#endif

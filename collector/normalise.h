/* Turns kernel records into events. */
#ifndef SWORNLOG_COLLECTOR_NORMALISE_H
#define SWORNLOG_COLLECTOR_NORMALISE_H

#include "collector/actor.h"
#include "collector/bpf_record.h"
#include "collector/own_events.h"
#include "collector/rules.h"
#include "collector/witness.h"

struct normaliser_config {
	struct actors *actors;        /* the caller's */
	struct event_sink sink;       /* the same that the actors have */
	const struct own_events *own; /* the caller's; NULL: none */
	struct witness *witness;      /* of execs, the caller's; NULL: none */
	struct redact *const *redact; /* looked up for each exec; NULL: nothing is replaced */
	/* An object whose label only user space could tell (a pattern's); NULL: nobody wants to know. */
	void (*on_labelled)(void *context, uint32_t device, uint64_t inode, uint32_t labels);
	void *context;
};

struct normaliser;

/* -ENOMEM. */
must_check int normaliser_new(const struct normaliser_config *config, struct normaliser **ret);
/* Takes NULL. */
void normaliser_free(struct normaliser *n);

/* The rules that hold from now on, bound to these labels: the caller's, until others are set. Without any,
 * nothing is labelled. Repeats that were counted are told. */
void normaliser_set_rules(struct normaliser *n, struct rules *rules, const struct label_names *names);

/* One record of bpf_record_check(): one event to the sink, after the descriptions that it needs; none for a
 * fork. False if nothing became of it (a call that is not in the table, no memory): the caller counts it as
 * lost. */
must_check bool normaliser_record(struct normaliser *n, const struct bpf_view *view);

/* Tell what was counted and not told yet, where it is time. */
void normaliser_tick(struct normaliser *n, uint64_t now_us);
/* Before the end: tell all of it. */
void normaliser_flush(struct normaliser *n);
/* How many events were counted and not told yet. */
uint64_t normaliser_untold(const struct normaliser *n);
/* The sealer is another one: the numbers of processes mean nothing to it. */
void normaliser_undescribe(struct normaliser *n);

/* A process of bpf_source_list(): remembered, and described when it first acts. False without memory. */
must_check bool normaliser_found(struct normaliser *n, const struct bpf_view *view);

#endif

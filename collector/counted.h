/* File events that repeat one that was told: reads of labelled data, and what else the rules say
 * (docs/format.md 7.2 and 7.10). */
#ifndef SWORNLOG_COLLECTOR_COUNTED_H
#define SWORNLOG_COLLECTOR_COUNTED_H

#include "collector/actor.h"
#include "collector/repeat_rules.h"

struct counted_config {
	struct actors *actors;  /* the caller's */
	struct event_sink sink; /* the same that the actors have */
};

struct counted;

/* -ENOMEM. At first only reads are counted. */
must_check int counted_new(const struct counted_config *config, struct counted **ret);
/* Takes NULL. Nothing is told. */
void counted_free(struct counted *c);

/* What was counted under the former rules is told. */
void counted_set_rules(struct counted *c, const struct repeat_rules *rules);

/* To the sink with a file event: told, or, if it repeats one, counted as filtered. What has a label is told,
 * unless it is a read. */
void counted_take(struct counted *c, struct process_key actor, const struct intake_event *event,
                  bool labelled);
/* Tell what was counted for an interval. */
void counted_tick(struct counted *c, uint64_t now_us);
/* Tell what that process did: it ends, or becomes another program. */
void counted_end(struct counted *c, struct process_key actor);
/* Tell all. */
void counted_flush(struct counted *c);
/* How many were counted and not told yet. */
uint64_t counted_untold(const struct counted *c);
/* The numbers of processes mean nothing any more. */
void counted_undescribe(struct counted *c);

#endif

/* File events that a cgroup may make: the section `throttle` of the rules, and the entries that say when one
 * made more. What is left out then is counted. */
#ifndef SWORNLOG_COLLECTOR_THROTTLE_H
#define SWORNLOG_COLLECTOR_THROTTLE_H

#include "collector/actor.h"
#include "lib/yaml_value.h"

struct throttle {
	uint32_t rate; /* events a second; 0: any number */
	uint32_t burst;
};

/* `node` NULL: any number. */
must_check int throttle_parse(const struct yaml_errors *e, const struct yaml_node *node,
                              struct throttle *ret);

struct throttle_watch;

/* -ENOMEM. */
must_check int throttle_watch_new(const struct event_sink *sink, struct throttle_watch **ret);
/* Takes NULL. */
void throttle_watch_free(struct throttle_watch *w);

/* What the programs have counted for a cgroup, ever. What they have before throttle_watch_settle() is called
 * for the first time was told by the collector before. */
void throttle_watch_see(struct throttle_watch *w, uint64_t cgroup, uint64_t left_out, uint64_t now_us);
/* After all cgroups were seen: tell which have begun, and which have kept within their bounds for a while. */
void throttle_watch_settle(struct throttle_watch *w, const struct throttle *limits, uint64_t now_us);
/* Before the limits change, or at the end: whatever goes on stops. */
void throttle_watch_flush(struct throttle_watch *w, const struct throttle *limits, uint64_t now_us);

#endif

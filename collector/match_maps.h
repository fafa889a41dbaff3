/* The BPF maps through which the programs know the rules of collection (bpf/match.h). */
#ifndef SWORNLOG_COLLECTOR_MATCH_MAPS_H
#define SWORNLOG_COLLECTOR_MATCH_MAPS_H

#include "bpf/match.h"
#include "collector/bpf_maps.h"
#include "collector/exclude.h"
#include "collector/throttle.h"
#include "collector/watch.h"

struct match_maps;

/* Nothing is watched yet, or, where the maps were taken over, what the collector before has watched, until
 * match_maps_load(). maps: the caller's, and open for as long. -ENOMEM, or what the kernel says. */
must_check int match_maps_open(const struct bpf_maps *maps, struct match_maps **ret);
/* Takes NULL. */
void match_maps_free(struct match_maps *m);

/* Put these rules in force, bound and resolved, all at once. On an error the former ones stay. -E2BIG, or
 * what the kernel says. */
must_check int match_maps_load(struct match_maps *m, const struct watch *watch, const struct exclude *exclude,
                               const struct throttle *throttle);
/* Events that the programs have left out since the last call. Those of exclusions that are in force are added
 * to them. Before other rules are loaded these are told last. */
uint64_t match_maps_left_out(struct match_maps *m, struct exclude *exclude);
/* Show what the programs have counted for each throttled cgroup. */
void match_maps_throttles(struct match_maps *m, struct throttle_watch *w, uint64_t now_us);
/* Tell the programs which objects the watched paths are now, as far as this process may look. At the start,
 * and every now and then: they may have been made anew. */
void match_maps_learn(struct match_maps *m, const struct watch *watch);
/* An object that a pattern labels. */
void match_maps_label(struct match_maps *m, uint32_t device, uint64_t inode, uint32_t labels);

#endif

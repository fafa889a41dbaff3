/* Labelled data: the section `watch` of the rules. Who opens it, even only for reading, is told. */
#ifndef SWORNLOG_COLLECTOR_WATCH_H
#define SWORNLOG_COLLECTOR_WATCH_H

#include "bpf/match.h"
#include "collector/rule_path.h"

#define WATCH_LABELS_MAX BPF_MATCH_LABELS /* different ones, as long as the collector runs */
#define WATCH_LABEL_MAX  63
#define WATCH_PATHS_MAX  1024

/* Labels by their bits. A label keeps its bit when the rules change, for the kernel remembers objects by it.
 */
struct label_names {
	char names[WATCH_LABELS_MAX][WATCH_LABEL_MAX + 1];
	unsigned count;
};

struct watch_path {
	struct rule_path path;
	char label[WATCH_LABEL_MAX + 1];
	uint32_t bit; /* 0 until watch_bind() */
};

struct watch {
	struct watch_path *paths;
	size_t count, room;
	uint32_t labels; /* bits in force, after watch_bind() */
};

/* `node` NULL: nothing is watched. Otherwise a list of { label, paths }. */
must_check int watch_parse(const struct yaml_errors *e, const struct yaml_node *node, struct watch *ret);
void watch_done(struct watch *w);

/* Give each label its bit. -E2BIG if there would be too many labels: `names` is as it was then. */
must_check int watch_bind(struct watch *w, struct label_names *names);
/* Add what the paths are called when symbolic links are followed. -ENOMEM, -E2BIG. */
must_check int watch_resolve(struct watch *w);

/* Labels (bits) of an absolute path, tidy. */
uint32_t watch_match(const struct watch *w, struct span path);

#endif

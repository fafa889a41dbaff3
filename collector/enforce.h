/* Puts the rules of collection in force: all of them, or none. */
#ifndef SWORNLOG_COLLECTOR_ENFORCE_H
#define SWORNLOG_COLLECTOR_ENFORCE_H

#include "collector/bpf_source.h"
#include "collector/rules.h"

/* Read the rules (path NULL: the defaults) and make them ready: labels get their bits, symbolic links are
 * followed. `labels` is as it was after an error. What went wrong is said in `error`. */
must_check int enforce_read(const char *path, struct label_names *labels, struct rules **ret, char *error,
                            size_t error_size);
/* Have the programs do as they say. After an error they go on with the former ones. */
must_check int enforce_apply(struct bpf_source *bpf, const struct rules *rules);

/* Count what the programs have left out. Returns how many events since the last call. */
uint64_t enforce_left_out(struct bpf_source *bpf, struct rules *rules);
/* Tell which cgroups make more file events than they may. */
void enforce_tell_throttles(struct bpf_source *bpf, struct throttle_watch *w, const struct rules *rules,
                            uint64_t now_us);
/* Say in the daemon's log how many events each exclusion has left out. */
void enforce_log_left_out(const struct rules *rules);

#endif

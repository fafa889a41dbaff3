/* The maps that all BPF programs share: made anew, or taken over from the collector before. */
#ifndef SWORNLOG_COLLECTOR_BPF_MAPS_H
#define SWORNLOG_COLLECTOR_BPF_MAPS_H

#include "bpf/events.h"
#include "collector/pins.h"

enum bpf_map_id {
	BPF_MAP_CRITICAL = BPF_RING_CRITICAL,
	BPF_MAP_FILES = BPF_RING_FILES,
	BPF_MAP_COUNTS,
	BPF_MAP_CALLS,
	BPF_MAP_AGENT,
	BPF_MAP_MATCH_CONFIG, /* the rules of collection (bpf/match.h): these eight */
	BPF_MAP_MATCH_ACTIVE,
	BPF_MAP_MATCH_RULES,
	BPF_MAP_LABELLED,
	BPF_MAP_MATCH_FILTERS,
	BPF_MAP_THROTTLES,
	BPF_MAP_LEFT_OUT,
	BPF_MAP_LEFT_OUT_TOLD, /* what of it is in the account: no program knows it */
	BPF_MAP_ACTS,          /* what the programs on kernel objects have told (bpf/object.h) */
	BPF_MAP_EXEC_HASHES,   /* bpf/exec_hash.h */
	BPF_MAP_KEPT,          /* no program knows it: what the collector must find again */
	BPF_MAPS
};

struct bpf_maps {
	int fd[BPF_MAPS]; /* -1 where the kernel refused */
	uint32_t cpus;
	struct bpf_counts *counts; /* read only; NULL if the kernel refused any map */
	void *kept;                /* never NULL after bpf_maps_open() */
	size_t ring_bytes, kept_bytes;
	bool pinned;  /* they outlive the process */
	bool resumed; /* taken over, with what has gathered in them */
};

/* As the BPF objects have them. */
const char *bpf_map_name(enum bpf_map_id id);

/* kept_bytes of zeroed memory at first. pins: NULL: none. Returns why the kernel refused a map, as -errno, or
 * 0; -ENOMEM also if there is no memory to keep: kept is NULL then. In every case `ret` is for
 * bpf_maps_close(). */
must_check int bpf_maps_open(const struct pins *pins, uint32_t cpus, size_t ring_bytes, size_t kept_bytes,
                             struct bpf_maps *ret);
/* What is pinned stays. */
void bpf_maps_close(struct bpf_maps *m);

#endif

/* Which paths and files the rules of collection are about: shared by the BPF programs and user space.
 *
 * A path is matched from its root down: the hash of each prefix is looked up in the map `match_rules`. The
 * hash is keyed anew with each set of rules, so that nobody can make names that collide. What the kernel
 * finds is a prefilter: user space decides by the whole path.
 */
#ifndef SWORNLOG_BPF_MATCH_H
#define SWORNLOG_BPF_MATCH_H

#include <linux/types.h>

#define BPF_MATCH_LABELS  32   /* bits: a label keeps its bit as long as the collector runs */
#define BPF_MATCH_FILTERS 32   /* exclusions of one set of rules */
#define BPF_MATCH_RULES   4096 /* entries of `match_rules`; two sets of rules are in it during a change */
#define BPF_MATCH_OBJECTS 16384
#define BPF_MATCH_NAME    255 /* bytes of a component that are hashed; longer ones match nothing */
#define BPF_MATCH_DEPTH   64  /* components; deeper paths are for user space */

/* The map `match_config`: two, of which `match_active` names the one in force. */
struct bpf_match_config {
	__u64 seed;
	__u64 factor;           /* odd */
	__u32 watching;         /* there are labels: reads are of interest */
	__u32 filters;          /* where in `match_filters` those in force begin */
	__u32 filters_anywhere; /* bits: those without a path */
	__u32 filters_named;    /* bits: those with one */
	__u32 rate;             /* file events that a cgroup may make a second; 0: any number */
	__u32 burst;
};
_Static_assert(sizeof(struct bpf_match_config) == 40, "layout");

/* The map `match_rules`, by the hash of a prefix. */
struct bpf_match_rule {
	__u32 labels;  /* of the object itself and all below it */
	__u32 maybe;   /* below it is something that a pattern may label */
	__u32 filters; /* of the object itself and all below it */
	__u32 pad;
};
_Static_assert(sizeof(struct bpf_match_rule) == 16, "layout");

/* The map `labelled`: objects that were reached under a labelled name. */
struct bpf_object_key {
	__u64 inode;
	__u32 device;
	__u32 pad;
};
_Static_assert(sizeof(struct bpf_object_key) == 16, "layout");

struct bpf_object_labels {
	__u32 self;
	__u32 below; /* a directory: of all that it holds */
};
_Static_assert(sizeof(struct bpf_object_labels) == 8, "layout");

/* The map `match_filters`: an exclusion. All that is asked for must hold. */
enum bpf_filter_ask {
	BPF_ASK_UID = 1 << 0,
	BPF_ASK_CGROUP = 1 << 1,
	BPF_ASK_FAILED = 1 << 2,
	BPF_ASK_SUCCEEDED = 1 << 3,
};

struct bpf_filter {
	__u64 kinds[2]; /* bits */
	__u64 cgroup;
	__u32 uid; /* the effective one */
	__u32 asks;
};
_Static_assert(sizeof(struct bpf_filter) == 32, "layout");

/* The map `match_left_out` has a counter for each filter of both sets of rules, and this one. */
#define BPF_LEFT_OUT_THROTTLED (2 * BPF_MATCH_FILTERS)
#define BPF_LEFT_OUT           (2 * BPF_MATCH_FILTERS + 1)

#define BPF_THROTTLES 1024 /* cgroups; those that made an event longest ago are forgotten */

/* The map `throttles`, by cgroup: tokens that come by time and go by event. */
struct bpf_throttle {
	__s64 tokens; /* below 0 where several CPUs took the last at once */
	__u64 filled_ns;
	__u64 left_out;
};
_Static_assert(sizeof(struct bpf_throttle) == 24, "layout");

static inline __u64 bpf_match_mix(__u64 hash, __u64 word, __u64 factor)
{
	hash = (hash ^ word) * factor;
	return hash ^ hash >> 32;
}

#endif

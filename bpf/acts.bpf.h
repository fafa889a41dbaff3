/* Acts under way, between a hook before and a hook after; and what the hooks after have told already. */
#ifndef SWORNLOG_BPF_ACTS_BPF_H
#define SWORNLOG_BPF_ACTS_BPF_H

#include <stdbool.h>

#include "bpf/object.h"
#include "bpf/record.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1);
	__type(key, struct bpf_act_key);
	__type(value, struct bpf_act);
} acts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct bpf_act);
} no_act SEC(".maps");

static __always_inline struct bpf_act *act_find(__u32 kind)
{
	struct bpf_act_key key = { .tid = (__u32)bpf_get_current_pid_tgid(), .kind = kind };
	return bpf_map_lookup_elem(&acts, &key);
}

static __always_inline struct bpf_act *act_make(__u32 kind)
{
	struct bpf_act_key key = { .tid = (__u32)bpf_get_current_pid_tgid(), .kind = kind };
	struct bpf_act *a = bpf_map_lookup_elem(&acts, &key);
	if (a)
		return a;
	__u32 zero = 0;
	struct bpf_act *none = bpf_map_lookup_elem(&no_act, &zero);
	if (!none || bpf_map_update_elem(&acts, &key, none, BPF_ANY))
		return 0;
	return bpf_map_lookup_elem(&acts, &key);
}

/* What another call left behind: bind() makes a name, too, and never asks whether that was told. */
static __always_inline void act_forget(__u32 kind)
{
	struct bpf_act *a = act_find(kind);
	if (a)
		a->state = BPF_ACT_IDLE;
}

/* Has a hook told of this system call's success? Asked once for each call. */
static __always_inline bool act_was_told(__u32 kind)
{
	struct bpf_act *a = act_find(kind == BPF_KIND_RMDIR ? BPF_KIND_UNLINK : kind);
	if (!a || a->state != BPF_ACT_TOLD)
		return false;
	a->state = BPF_ACT_IDLE;
	return true;
}

/* A clone under way: the namespaces that its child has of its own, as CLONE_NEW* flags. Its system call takes
 * them off. */
static __always_inline void act_put_namespaces(__u64 flags)
{
	struct bpf_act *a = act_make(BPF_KIND_CREDENTIALS);
	if (a)
		a->args[0] = flags;
}

static __always_inline __u64 act_take_namespaces(void)
{
	struct bpf_act *a = act_find(BPF_KIND_CREDENTIALS);
	__u64 flags = a ? a->args[0] : 0;
	if (flags)
		a->args[0] = 0;
	return flags;
}

#endif

/* The rings, the counters and a record's way into them: shared by all programs. */
#ifndef SWORNLOG_BPF_RECORD_BPF_H
#define SWORNLOG_BPF_RECORD_BPF_H

#include <stdbool.h>

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

#include "bpf/events.h"
#include "bpf/kernel_types.h"

/* Sizes are set by user space before loading; all objects share one of each. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} critical SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} files SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, BPF_PROGRAMS);
	__type(key, __u32);
	__type(value, struct bpf_counts);
} counts SEC(".maps");

/* The compiler must forget what it knows of a value, or it proves the verifier's bounds checks away. */
#define opaque(x) asm volatile("" : "+r"(x))

static __always_inline struct bpf_counts *counts_of(__u32 program)
{
	__u32 index = bpf_get_smp_processor_id() * BPF_PROGRAMS + program;
	return bpf_map_lookup_elem(&counts, &index);
}

/* A field by way of a task. Where programs get theirs with its type, their verifier knows where it leads, and
 * they need not call a helper for each step: they say so before this file is included. */
#ifdef TASK_HAS_TYPE
#define OF_TASK(task, ...) ___arrow(task, __VA_ARGS__)
#else
#define OF_TASK(task, ...) BPF_CORE_READ(task, __VA_ARGS__)
#endif

static __always_inline void read_ids(struct bpf_record *r, struct task_struct *task)
{
	const struct cred *cred = OF_TASK(task, cred);
	/* One read, unless this kernel was built with its structures shuffled. */
	if (bpf_core_field_offset(struct cred, fsgid) - bpf_core_field_offset(struct cred, uid) == 28 &&
	    bpf_core_field_offset(struct cred, euid) - bpf_core_field_offset(struct cred, uid) == 16) {
		bpf_probe_read_kernel(r->ids, sizeof(r->ids), &cred->uid);
		return;
	}
	r->ids[BPF_UID] = BPF_CORE_READ(cred, uid.val);
	r->ids[BPF_GID] = BPF_CORE_READ(cred, gid.val);
	r->ids[BPF_SUID] = BPF_CORE_READ(cred, suid.val);
	r->ids[BPF_SGID] = BPF_CORE_READ(cred, sgid.val);
	r->ids[BPF_EUID] = BPF_CORE_READ(cred, euid.val);
	r->ids[BPF_EGID] = BPF_CORE_READ(cred, egid.val);
	r->ids[BPF_FSUID] = BPF_CORE_READ(cred, fsuid.val);
	r->ids[BPF_FSGID] = BPF_CORE_READ(cred, fsgid.val);
}

/* Everything but size, kind and sequence. `task` is the one that acts, always the current one. */
static __always_inline void fill_head(struct bpf_record *r, __u32 program, struct task_struct *task)
{
	__u64 ids = bpf_get_current_pid_tgid();
	r->program = program;
	r->cpu = bpf_get_smp_processor_id();
	r->boot_ns = bpf_ktime_get_boot_ns();
	r->start_boot_ns = OF_TASK(task, group_leader, start_boottime);
	r->exec_id = OF_TASK(task, self_exec_id);
	r->tgid = ids >> 32;
	r->tid = (__u32)ids;
	read_ids(r, task);
	r->loginuid = BPF_ID_UNSET;
	r->session = BPF_ID_UNSET;
	if (bpf_core_field_exists(task->loginuid)) {
		r->loginuid = OF_TASK(task, loginuid.val);
		r->session = OF_TASK(task, sessionid);
	}
}

/* The reader comes by itself some times a second: it is woken for what is urgent, and when a ring fills, at a
 * quarter and at each further eighth. A wake-up for each record would cost more than the record; one at the
 * quarter alone would be missed when two CPUs cross it at once, each without the other's record in its sum.
 */
static __always_inline __u64 wake_flags(void *ring, __u64 size, __u32 kind)
{
	if (bpf_kind_urgent(kind))
		return BPF_RB_FORCE_WAKEUP;
	__u64 before = bpf_ringbuf_query(ring, BPF_RB_AVAIL_DATA);
	__u64 eighth =
	        bpf_ringbuf_query(ring, BPF_RB_RING_SIZE) / 8; /* A power of two, and more than a record. */
	__u64 after = before + size;
	bool crosses = (before ^ after) & eighth;
	return crosses && after >= 2 * eighth ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP;
}

/* Give the record its number and send it. `size` at most `max`, both at least the head's. */
static __always_inline void send(struct bpf_counts *c, struct bpf_record *r, __u64 size, __u64 max,
                                 __u32 kind)
{
	opaque(size);
	if (size > max)
		size = max;
	r->size = size;
	r->kind = kind;
	long failed;
	if (bpf_ring_of(kind) == BPF_RING_CRITICAL) {
		r->sequence = ++c->sequence[BPF_RING_CRITICAL];
		failed = bpf_ringbuf_output(&critical, r, size, wake_flags(&critical, size, kind));
	} else {
		r->sequence = ++c->sequence[BPF_RING_FILES];
		failed = bpf_ringbuf_output(&files, r, size, wake_flags(&files, size, kind));
	}
	__u64 index = kind;
	opaque(index);
	if (failed && index < BPF_RECORD_KINDS)
		c->dropped[index]++;
}

#endif

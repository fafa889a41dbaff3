/* Strings and paths of a record, gathered in a scratch buffer that belongs to this program on this CPU.
 *
 * The includer defines SCRATCH_RECORD (the record's type) and SCRATCH_DATA_MAX (bytes after which no further
 * string is begun) first; SCRATCH_SLOTS (buffers on each CPU) where its programs may interrupt each other.
 */
#ifndef SWORNLOG_BPF_PATH_BPF_H
#define SWORNLOG_BPF_PATH_BPF_H

#include "bpf/match.h"
#include "bpf/record.bpf.h"

#ifndef SCRATCH_SLOTS
#define SCRATCH_SLOTS 1
#endif

/* Room for the longest string that may begin at SCRATCH_DATA_MAX. */
#define SCRATCH_SLACK 4112

/* One path on its way through the rules, from the root to its end (bpf/match.bpf.h). */
struct match {
	__u64 hash;
	__u64 factor;
	__u32 labels;
	__u32 maybe;
	__u32 filters;
};

/* The way up from an object (bpf/match.bpf.h). */
struct climb {
	struct dentry *at;
	__u32 device;
	__u32 labels;
	__u32 first;
};

struct walk {
	struct dentry *dentry;
	struct mount *mount;
	struct mount *root; /* of the mount namespace that the path is seen from */
	__u64 start;
	__u32 marks;
	__u32 done;
};

/* In an array by CPU, for values of per-CPU maps are limited to 32 KiB. */
struct scratch {
	__u64 used; /* bytes of data */
	/* The path walked last: where each component stands, the last one first, and what it is of. */
	__u32 depth; /* components; of those beyond BPF_MATCH_DEPTH nothing is kept */
	__u16 offsets[BPF_MATCH_DEPTH];
	__u64 dentries[BPF_MATCH_DEPTH];
	struct match match;
	struct climb climb;
	/* What match_object() found beside the record's labels: those that the object may have by any means,
	 * and exclusions that are about its path. */
	__u32 interest;
	__u32 filters;
	__u32 busy; /* with several slots: programs that hold or try it */
	__u32 slot;
	__u32 foreign; /* BPF_MARK_FOREIGN, if it holds of the path walked last */
	struct walk walk;
	struct SCRATCH_RECORD record;
	__u8 data[SCRATCH_DATA_MAX + SCRATCH_SLACK];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct scratch);
} scratch SEC(".maps");

static __always_inline struct scratch *scratch_slot(__u32 slot)
{
	__u32 index = bpf_get_smp_processor_id() * SCRATCH_SLOTS + slot;
	return bpf_map_lookup_elem(&scratch, &index);
}

static __always_inline struct scratch *scratch_get(void)
{
	return scratch_slot(0);
}

/* Where the next string goes; NULL when there is no room. */
static __always_inline __u8 *scratch_room(struct scratch *s)
{
	__u64 used = *(volatile __u64 *)&s->used;
	if (used > SCRATCH_DATA_MAX)
		return 0;
	return s->data + used;
}

static __always_inline void string_absent(struct bpf_string *string)
{
	string->marks = 0;
	string->present = 0;
	string->len = 0;
}

static __always_inline void string_put(struct bpf_string *string, __u64 len, __u16 marks)
{
	string->marks = marks;
	string->present = 1;
	string->len = len;
}

/* A NUL-terminated string from user space, at most max - 1 bytes of it. */
static __always_inline void put_user_string(struct scratch *s, struct bpf_string *string, const void *user,
                                            const __u32 max)
{
	__u8 *to = scratch_room(s);
	if (!to) {
		string_put(string, 0, BPF_MARK_STRING_TRUNCATED);
		return;
	}
	long n = bpf_probe_read_user_str(to, max + 1, user);
	if (n < 0) {
		string_put(string, 0, BPF_MARK_FAULT);
		return;
	}
	/* An empty string is 1 byte, and 0 to older kernels (5.10). */
	__u64 len = n > 0 ? n - 1 : 0;
	s->used += len;
	string_put(string, len, n > max ? BPF_MARK_STRING_TRUNCATED : 0);
}

static __always_inline void put_kernel_string(struct scratch *s, struct bpf_string *string,
                                              const void *address, const __u32 max)
{
	__u8 *to = scratch_room(s);
	if (!to) {
		string_put(string, 0, BPF_MARK_STRING_TRUNCATED);
		return;
	}
	long n = bpf_probe_read_kernel_str(to, max + 1, address);
	if (n <= 0) {
		string_put(string, 0, BPF_MARK_FAULT);
		return;
	}
	s->used += n - 1;
	string_put(string, n - 1, n > max ? BPF_MARK_STRING_TRUNCATED : 0);
}

static __always_inline void put_component(struct scratch *s, struct dentry *dentry)
{
	struct walk *w = &s->walk;
	__u8 *to = scratch_room(s);
	if (!to || s->used - w->start >= BPF_PATH_MAX) {
		w->marks |= BPF_MARK_TRUNCATED;
		w->done = 1;
		return;
	}
	__u64 len = BPF_CORE_READ(dentry, d_name.len);
	if (len > BPF_COMPONENT_MAX) {
		len = BPF_COMPONENT_MAX;
		w->marks |= BPF_MARK_STRING_TRUNCATED;
	}
	opaque(len);
	len &= BPF_COMPONENT_MAX;
	if (bpf_probe_read_kernel(to + 2, len, BPF_CORE_READ(dentry, d_name.name))) {
		w->marks |= BPF_MARK_FAULT;
		len = 0;
	}
	to[0] = len;
	to[1] = len >> 8;
	__u32 depth = s->depth++;
	if (depth < BPF_MATCH_DEPTH) {
		s->offsets[depth] = s->used;
		s->dentries[depth] = (__u64)dentry;
	}
	s->used += len + 2;
}

/* One step towards the root: a component, or from a mount's root to where it is mounted. True at the end. A
 * global function, so that the verifier looks at it once and not at each turn of the loop: paths of any depth
 * cost it nothing, on kernels without bpf_loop() too. */
__noinline int walk_step(__u64 slot)
{
	struct scratch *s = scratch_slot(slot);
	if (!s)
		return 1;
	struct walk *w = &s->walk;
	struct dentry *dentry = w->dentry;
	struct mount *mount = w->mount;
	if (dentry == BPF_CORE_READ(mount, mnt.mnt_root)) {
		struct mount *above = BPF_CORE_READ(mount, mnt_parent);
		if (mount == w->root || above == mount || !above) {
			if (mount != w->root)
				w->marks |= BPF_MARK_DETACHED;
			w->done = 1;
			return 1;
		}
		w->dentry = BPF_CORE_READ(mount, mnt_mountpoint);
		w->mount = above;
		return 0;
	}
	struct dentry *parent = BPF_CORE_READ(dentry, d_parent);
	if (!parent)
		parent = dentry;
	put_component(s, dentry);
	/* An object without a place in any tree, but with a name: "memfd:x". */
	if (parent == dentry) {
		w->marks |= BPF_MARK_DETACHED;
		w->done = 1;
	}
	w->dentry = parent;
	return w->done;
}

#define STEPS_AT_ONCE 32

/* Some steps. The verifier goes through every turn of a loop: two short ones cost it a thirtieth of a long
 * one. */
__noinline int walk_steps(__u64 slot)
{
#pragma clang loop unroll(disable)
	for (int i = 0; i < STEPS_AT_ONCE; i++)
		if (walk_step(slot))
			return 1;
	return 0;
}

/* Append a path's components, the last first; returns marks. Global for the same reason. */
__noinline int walk_path(__u64 mnt, __u64 dentry, __u64 root, __u64 slot)
{
	struct scratch *s = scratch_slot(slot);
	struct dentry *last = (void *)dentry;
	if (!s || !mnt || !dentry)
		return BPF_MARK_MISSING;
	struct walk *w = &s->walk;
	w->dentry = last;
	w->mount = (void *)(mnt - bpf_core_field_offset(struct mount, mnt));
	w->root = (void *)root;
	w->start = s->used;
	s->depth = 0;
	w->marks = 0;
	w->done = 0;
	bool is_root = BPF_CORE_READ(last, d_parent) == last;
	if (!is_root && !BPF_CORE_READ(last, d_hash.pprev))
		w->marks |= BPF_MARK_DELETED;
#pragma clang loop unroll(disable)
	for (int i = 0; i < BPF_COMPONENTS_MAX / STEPS_AT_ONCE; i++)
		if (walk_steps(slot))
			return w->marks;
	return w->marks | BPF_MARK_TRUNCATED;
}

/* The task's; at its end it has none any more, and closes files still: then the mount's. */
static __always_inline struct mnt_namespace *mounts_of(struct task_struct *task, __u64 mnt)
{
	struct mnt_namespace *ns = BPF_CORE_READ(task, nsproxy, mnt_ns);
	if (!ns) {
		struct mount *mount = (void *)(mnt - bpf_core_field_offset(struct mount, mnt));
		ns = BPF_CORE_READ(mount, mnt_ns);
	}
	return ns;
}

/* Walks from an object of that mount to the root of the mount namespace that `task` sees; returns marks. */
static __always_inline int walk_from(struct scratch *s, struct task_struct *task, __u64 mnt, __u64 dentry)
{
	struct mnt_namespace *ns = mounts_of(task, mnt);
	/* Whoever is root in a user namespace of his own mounts what he likes where he likes. */
	s->foreign = BPF_CORE_READ(ns, user_ns, level) > 0 ? BPF_MARK_FOREIGN : 0;
	return walk_path(mnt, dentry, (__u64)BPF_CORE_READ(ns, root), s->slot);
}

/* As `task` sees it: from the root of its mount namespace. */
static __always_inline void put_path(struct scratch *s, struct task_struct *task, struct bpf_string *string,
                                     const struct path *path)
{
	__u64 start = s->used;
	__u64 mnt = (__u64)BPF_CORE_READ(path, mnt);
	__u64 dentry = (__u64)BPF_CORE_READ(path, dentry);
	int marks = walk_from(s, task, mnt, dentry);
	string_put(string, s->used - start, marks);
}

#endif

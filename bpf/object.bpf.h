/* What the programs on kernel objects have in common: scratch buffers of their own, the record of an act, and
 * the proof that a hook fires. */
#ifndef SWORNLOG_BPF_OBJECT_BPF_H
#define SWORNLOG_BPF_OBJECT_BPF_H

#include <stdbool.h>

#define SCRATCH_RECORD   bpf_file_record
#define SCRATCH_DATA_MAX 16384
#define SCRATCH_SLOTS    4
#include "bpf/file_record.bpf.h"
#include "bpf/object.h"

_Static_assert(SCRATCH_SLOTS == BPF_OBJECT_SLOTS, "one number");

#define FMODE_WRITE     0x2
#define FMODE_OPENED    0x80000
#define FMODE_NOACCOUNT 0x20000000 /* the kernel's own, such as the file below an overlayfs file */
#define S_IFMT          0170000
#define S_IFREG         0100000
#define ATTR_MODE       (1 << 0)
#define ATTR_SIZE       (1 << 3)
#define ATTR_OPEN       (1 << 15) /* an open that truncates: told as an open */
#define ATTR_OWNERS     (1 << 1 | 1 << 2)
#define MAX_ERRNO       4095

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_RDONLY_PROG);
	__uint(max_entries, BPF_ACTS);
	__type(key, __u32);
	__type(value, struct bpf_after);
} after SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, BPF_OBJECT_PROGRAMS);
	__type(key, __u32);
	__type(value, __u64);
} fired SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_RDONLY_PROG);
	__uint(max_entries, BPF_GATES);
	__type(key, __u32);
	__type(value, __u32);
} gate SEC(".maps");

static __always_inline void count_fired(__u32 program)
{
	__u64 *runs = bpf_map_lookup_elem(&fired, &program);
	if (runs)
		++*runs;
}

static __always_inline bool gate_is_open(__u32 kind)
{
	__u32 *open = bpf_map_lookup_elem(&gate, &kind);
	return open && *open == BPF_GATE_OPEN;
}

/* Where an argument stands differs, and so does its type: as a number. */
static __always_inline __u64 ctx_word(const __u64 *ctx, __u32 index)
{
	__u64 word = 0;
	bpf_probe_read_kernel(&word, sizeof(word), ctx + (index & 15));
	return word;
}

/* A buffer of this CPU that nobody else holds. A program may be preempted anywhere, and another one run to
 * any point before it goes on: each adds itself first and looks then, so that two never both find themselves
 * alone. */
static __always_inline struct scratch *slot_take(void)
{
	for (__u32 slot = 0; slot < BPF_OBJECT_SLOTS; slot++) {
		struct scratch *s = scratch_slot(slot);
		if (!s)
			return 0;
		__sync_fetch_and_add(&s->busy, 1);
		if (*(volatile __u32 *)&s->busy == 1) {
			s->slot = slot;
			return s;
		}
		__sync_fetch_and_add(&s->busy, -1);
	}
	return 0;
}

static __always_inline void slot_give(struct scratch *s)
{
	__sync_fetch_and_add(&s->busy, -1);
}

static __always_inline void drop_shared(__u32 kind)
{
	struct bpf_counts *c = counts_of(BPF_PROGRAM_OBJECT + BPF_OBJECT_SLOTS);
	if (!c)
		return;
	__sync_fetch_and_add(&c->sequence[BPF_RING_FILES], 1);
	__sync_fetch_and_add(&c->dropped[kind], 1);
}

/* Begin a record about an inode; NULL if there will be none, which is counted. */
static __always_inline struct scratch *record_begin(struct task_struct *task, __u32 kind, __u32 marks,
                                                    struct inode *inode)
{
	if (match_excludes_any(kind, false))
		return 0;
	struct scratch *s = slot_take();
	if (!s) {
		drop_shared(kind);
		return 0;
	}
	struct bpf_file_record *r = &s->record;
	s->used = 0;
	fill_head(&r->head, BPF_PROGRAM_OBJECT + s->slot, task);
	r->result = 0;
	r->call = BPF_CALL_NONE;
	r->marks = marks;
	r->open_flags = 0;
	record_clear(s);
	s->interest = ~0u; /* until it is known what the object is */
	record_inode(r, inode);
	return s;
}

/* Only files' kinds come here: an exclusion or the throttle may leave any of them out. */
static __always_inline bool leaves_out(const struct scratch *s, struct task_struct *task, __u32 kind)
{
	bool sure = !s->record.strings[BPF_FILE_OBJECT].marks;
	return (sure && match_excludes_object(s, kind, false)) || match_throttles(s, task, sure);
}

static __always_inline void record_end(struct scratch *s, struct task_struct *task, __u32 kind)
{
	struct bpf_file_record *r = &s->record;
	struct bpf_counts *c = counts_of(r->head.program);
	r->marks |= s->foreign;
	if (c && !leaves_out(s, task, kind))
		send(c, &r->head, sizeof(*r) + s->used, sizeof(*r) + sizeof(s->data), kind);
	slot_give(s);
}

/* A name and the directory that it is in; without a name, the directory. */
static __always_inline void put_named(struct scratch *s, struct task_struct *task, struct bpf_string *string,
                                      __u64 mnt, __u64 parent, const char *name, __u64 len)
{
	__u64 start = s->used;
	__u8 *to = scratch_room(s);
	opaque(len);
	len &= 255;
	if (len && to) {
		to[0] = len;
		to[1] = 0;
		bpf_probe_read_kernel(to + 2, len, name);
		s->used += len + 2;
	}
	int marks = walk_from(s, task, mnt, parent);
	/* The object itself may be gone: that is what happened to it, and not to its path. */
	if (len)
		marks &= ~BPF_MARK_DELETED;
	string_put(string, s->used - start, marks);
}

#endif

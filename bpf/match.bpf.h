/* What the rules say about the path that was walked last, and about the object at its end. */
#ifndef SWORNLOG_BPF_MATCH_BPF_H
#define SWORNLOG_BPF_MATCH_BPF_H

#include "bpf/match.h"
#include "bpf/path.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct bpf_match_config);
} match_config SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} match_active SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, BPF_MATCH_RULES);
	__type(key, __u64);
	__type(value, struct bpf_match_rule);
} match_rules SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, BPF_MATCH_OBJECTS);
	__type(key, struct bpf_object_key);
	__type(value, struct bpf_object_labels);
} labelled SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2 * BPF_MATCH_FILTERS);
	__type(key, __u32);
	__type(value, struct bpf_filter);
} match_filters SEC(".maps");

/* How many events each has left out. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, BPF_LEFT_OUT);
	__type(key, __u32);
	__type(value, __u64);
} match_left_out SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, BPF_THROTTLES);
	__type(key, __u64);
	__type(value, struct bpf_throttle);
} throttles SEC(".maps");

static __always_inline const struct bpf_match_config *match_config_get(void)
{
	__u32 zero = 0;
	const __u32 *active = bpf_map_lookup_elem(&match_active, &zero);
	__u32 index = active ? *active : 0;
	return bpf_map_lookup_elem(&match_config, &index);
}

/* With no label anywhere reads cost this much and no more. */
static __always_inline bool match_watching(void)
{
	const struct bpf_match_config *config = match_config_get();
	return config && config->watching;
}

static __always_inline void match_take(struct match *m, const struct bpf_match_rule *rule)
{
	m->labels |= rule->labels;
	m->maybe |= rule->maybe;
	m->filters |= rule->filters;
}

static __always_inline struct bpf_object_key object_key(struct inode *inode)
{
	struct bpf_object_key key = { .inode = BPF_CORE_READ(inode, i_ino),
		                      .device = BPF_CORE_READ(inode, i_sb, s_dev) };
	return key;
}

/* From now on the object is known by itself, under whatever name. */
static __always_inline void learn(struct dentry *dentry, __u32 labels, bool below)
{
	struct bpf_object_key key = object_key(BPF_CORE_READ(dentry, d_inode));
	struct bpf_object_labels now = { .self = labels, .below = below ? labels : 0 };
	const struct bpf_object_labels *old = bpf_map_lookup_elem(&labelled, &key);
	if (old) {
		if ((old->self & now.self) == now.self && (old->below & now.below) == now.below)
			return;
		now.self |= old->self;
		now.below |= old->below;
	}
	bpf_map_update_elem(&labelled, &key, &now, BPF_ANY);
}

static __always_inline __u64 hash_name(__u64 hash, __u64 factor, const __u8 *name, __u64 len)
{
	hash = bpf_match_mix(hash, len, factor);
	for (__u32 i = 0; i < (BPF_MATCH_NAME + 7) / 8; i++) {
		if (i * 8 >= len)
			break;
		__u64 word = *(const __u64 *)(name + i * 8), rest = len - i * 8;
		if (rest < 8)
			word &= (1ull << (rest & 7) * 8) - 1;
		hash = bpf_match_mix(hash, word, factor);
	}
	return hash;
}

/* The next component towards the end. True when there is no more to be found. Global functions are looked at
 * once by the verifier, and not at each call; they take numbers only. */
__noinline int match_component(__u32 left, __u64 slot)
{
	struct scratch *s = scratch_slot(slot);
	if (!s || left >= BPF_MATCH_DEPTH)
		return 1;
	opaque(left);
	left &= BPF_MATCH_DEPTH - 1;
	__u64 at = s->offsets[left];
	if (at > SCRATCH_DATA_MAX)
		return 1;
	const __u8 *name = s->data + at;
	__u64 len = name[0] | (__u64)name[1] << 8;
	if (len > BPF_MATCH_NAME)
		return 1;
	__u64 hash = hash_name(s->match.hash, s->match.factor, name + 2, len);
	s->match.hash = hash;
	const struct bpf_match_rule *rule = bpf_map_lookup_elem(&match_rules, &hash);
	if (rule) {
		match_take(&s->match, rule);
		if (rule->labels && !s->foreign)
			learn((void *)s->dentries[left], rule->labels, true);
	}
	return left == 0;
}

/* One step upwards through directories, whatever is mounted where: bind mounts, namespaces and chroots have
 * other names for them, but not other inodes. True at the root. */
__noinline int climb_step(__u64 slot)
{
	struct scratch *s = scratch_slot(slot);
	if (!s)
		return 1;
	struct climb *c = &s->climb;
	struct dentry *at = c->at;
	struct bpf_object_key key = { .inode = BPF_CORE_READ(at, d_inode, i_ino), .device = c->device };
	const struct bpf_object_labels *l = bpf_map_lookup_elem(&labelled, &key);
	if (l)
		c->labels |= c->first ? l->self | l->below : l->below;
	c->first = 0;
	struct dentry *parent = BPF_CORE_READ(at, d_parent);
	c->at = parent;
	return parent == at || !parent;
}

/* False if no rule is about paths. */
static __always_inline bool match_begin(struct scratch *s)
{
	const struct bpf_match_config *config = match_config_get();
	struct match *m = &s->match;
	if (!config || !(config->watching | config->filters_named))
		return false;
	__builtin_memset(m, 0, sizeof(*m));
	m->factor = config->factor;
	m->hash = config->seed;
	__u64 hash = m->hash;
	const struct bpf_match_rule *root = bpf_map_lookup_elem(&match_rules, &hash);
	if (root)
		match_take(m, root);
	/* Too deep for here. */
	if (s->depth > BPF_MATCH_DEPTH)
		m->maybe |= config->watching ? ~0u : 0;
	return true;
}

static __always_inline void climb_begin(struct climb *c, struct dentry *dentry)
{
	c->at = dentry;
	c->device = BPF_CORE_READ(dentry, d_inode, i_sb, s_dev);
	c->labels = 0;
	c->first = 1;
}

static __always_inline int match_end(struct scratch *s, const struct climb *c, struct dentry *dentry)
{
	const struct match *m = &s->match;
	s->record.labels = c->labels;
	/* In a namespace that anybody may make, names are nobody's word but his. */
	s->filters = s->foreign ? 0 : m->filters;
	s->interest = m->labels | m->maybe | c->labels;
	if (m->labels && !s->foreign)
		learn(dentry, m->labels, false);
	return 0;
}

/* Of the path that was walked last, which ends at this dentry: the record's labels, the scratch memory's
 * interest and filters. */
__noinline int match_path(__u64 dentry, __u64 slot)
{
	struct scratch *s = scratch_slot(slot);
	if (!s || !dentry || !match_begin(s))
		return 0;
	__u32 count = s->depth;
	if (count <= BPF_MATCH_DEPTH)
#pragma clang loop unroll(disable)
		for (__u32 i = 0; i < BPF_MATCH_DEPTH; i++)
			if (match_component(count - 1 - i, slot))
				break;
	climb_begin(&s->climb, (void *)dentry);
#pragma clang loop unroll(disable)
	for (int i = 0; i < BPF_MATCH_DEPTH; i++)
		if (climb_step(slot))
			break;
	return match_end(s, &s->climb, (void *)dentry);
}

/* Right after the path that ends at this dentry was put. */
static __always_inline void match_object(struct scratch *s, __u64 dentry)
{
	s->record.labels = 0;
	s->interest = 0;
	s->filters = 0;
	match_path(dentry, s->slot);
}

static __always_inline bool filter_fits(const struct bpf_filter *f, __u32 kind, bool failed)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	__u64 half = kind >> 6;
	opaque(half);
	if (half > 1 || !(f->kinds[half] >> (kind & 63) & 1))
		return false;
	if (f->asks & (failed ? BPF_ASK_SUCCEEDED : BPF_ASK_FAILED))
		return false;
	if (f->asks & BPF_ASK_UID && f->uid != BPF_CORE_READ(task, cred, euid.val))
		return false;
	return !(f->asks & BPF_ASK_CGROUP) || f->cgroup == BPF_CORE_READ(task, cgroups, dfl_cgrp, kn, id);
}

/* Of the exclusions `mask`, from `base` on in the map: does one fit the event? It is counted, then. */
__noinline int match_filter(__u32 mask, __u32 base, __u32 kind, __u32 failed)
{
	for (__u32 i = 0; i < BPF_MATCH_FILTERS; i++) {
		__u32 index = base + i;
		if (!(mask >> i & 1))
			continue;
		const struct bpf_filter *f = bpf_map_lookup_elem(&match_filters, &index);
		if (!f || !filter_fits(f, kind, failed))
			continue;
		__u64 *left_out = bpf_map_lookup_elem(&match_left_out, &index);
		if (!left_out)
			return 0;
		/* A program on kernel objects may come in between. */
		__sync_fetch_and_add(left_out, 1);
		return 1;
	}
	return 0;
}

/* Before anything is known of the object: true if the event is left out whatever it is about. With labels
 * about, it might be about labelled data. */
static __always_inline bool match_excludes_any(__u32 kind, bool failed)
{
	const struct bpf_match_config *config = match_config_get();
	return config && config->filters_anywhere && !config->watching &&
	       match_filter(config->filters_anywhere, config->filters, kind, failed);
}

/* After match_object(), with nothing that it found of interest. */
static __always_inline bool match_excludes_object(const struct scratch *s, __u32 kind, bool failed)
{
	const struct bpf_match_config *config = match_config_get();
	if (!config || s->interest)
		return false;
	__u32 mask = s->filters | (config->watching ? config->filters_anywhere : 0);
	return mask && match_filter(mask, config->filters, kind, failed);
}

#define SECOND_NS     1000000000ull
#define FILL_AFTER_NS 1000000ull       /* not for each event */
#define FILL_AT_MOST  (10 * SECOND_NS) /* so that the product stays within 64 bits */

static __always_inline void fill(struct bpf_throttle *t, const struct bpf_match_config *config, __u64 now)
{
	__u64 elapsed = now - t->filled_ns;
	if (elapsed < FILL_AFTER_NS)
		return;
	if (elapsed > FILL_AT_MOST)
		elapsed = FILL_AT_MOST;
	__s64 tokens = t->tokens + elapsed * config->rate / SECOND_NS;
	if (tokens == t->tokens)
		return;
	t->tokens = tokens < (__s64)config->burst ? tokens : config->burst;
	t->filled_ns = now;
}

/* Has the cgroup made more file events than it may? It is counted, then. Several CPUs at once may let a few
 * more through; the counts are exact. */
__noinline int match_throttle(__u64 cgroup)
{
	const struct bpf_match_config *config = match_config_get();
	if (!config || !config->rate)
		return 0;
	__u64 now = bpf_ktime_get_boot_ns();
	struct bpf_throttle *t = bpf_map_lookup_elem(&throttles, &cgroup);
	if (!t) {
		struct bpf_throttle first = { .tokens = config->burst, .filled_ns = now };
		bpf_map_update_elem(&throttles, &cgroup, &first, BPF_NOEXIST);
		return 0;
	}
	fill(t, config, now);
	if (t->tokens > 0) {
		t->tokens--;
		return 0;
	}
	__u32 index = BPF_LEFT_OUT_THROTTLED;
	__u64 *left_out = bpf_map_lookup_elem(&match_left_out, &index);
	if (!left_out)
		return 0;
	/* A program on kernel objects may come in between. */
	__sync_fetch_and_add(left_out, 1);
	__sync_fetch_and_add(&t->left_out, 1);
	return 1;
}

/* Labelled data is never throttled; where the kernel does not know the object, it might be that. */
static __always_inline bool match_throttles(const struct scratch *s, struct task_struct *task, bool sure)
{
	const struct bpf_match_config *config = match_config_get();
	if (!config || !config->rate || (config->watching && (s->interest || !sure)))
		return false;
	return match_throttle(BPF_CORE_READ(task, cgroups, dfl_cgrp, kn, id));
}

#endif

#include "collector/match_maps.h"

#include <sys/random.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "evidence/entry.h"

/* What is in `match_rules` under one seed. */
struct rule_set {
	struct bpf_match_config config;
	struct bpf_filter filters[BPF_MATCH_FILTERS];
	size_t count;
	uint64_t hashes[BPF_MATCH_RULES / 2];
	struct bpf_match_rule rules[BPF_MATCH_RULES / 2];
};

struct match_maps {
	const struct bpf_maps *maps;
	uint32_t active;
	bool stale;           /* the map holds rules of the collector before */
	struct rule_set *set; /* in force; NULL: none of ours */
	int cpus;
	uint64_t *by_cpu;                /* one counter's values */
	uint64_t left_out[BPF_LEFT_OUT]; /* as last told */
	bool counting;                   /* the counters may have changed */
};

int match_maps_open(const struct bpf_maps *maps, struct match_maps **ret)
{
	static const uint32_t zero;
	struct match_maps *m = calloc(1, sizeof(*m));
	if (!m)
		return -ENOMEM;
	m->maps = maps;
	m->stale = m->counting = maps->resumed;
	/* At first 0. */
	int err = bpf_map_lookup_elem(maps->fd[BPF_MAP_MATCH_ACTIVE], &zero, &m->active);
	if (!err)
		err = bpf_map_lookup_elem(maps->fd[BPF_MAP_LEFT_OUT_TOLD], &zero, m->left_out);
	m->cpus = libbpf_num_possible_cpus();
	m->by_cpu = m->cpus > 0 ? calloc((size_t)m->cpus, sizeof(*m->by_cpu)) : NULL;
	if (err || m->active > 1 || !m->by_cpu) {
		match_maps_free(m);
		return err ? err : -EBADMSG;
	}
	*ret = m;
	return 0;
}

void match_maps_free(struct match_maps *m)
{
	if (!m)
		return;
	free(m->set);
	free(m->by_cpu);
	free(m);
}

/* As the programs do it; false for a component that is too long for them. */
static bool hash_component(uint64_t *hash, uint64_t factor, struct span name)
{
	if (name.len > BPF_MATCH_NAME)
		return false;
	*hash = bpf_match_mix(*hash, name.len, factor);
	for (size_t i = 0; i < name.len; i += 8) {
		uint64_t word = 0;
		memcpy(&word, name.data + i, MIN(name.len - i, (size_t)8));
		*hash = bpf_match_mix(*hash, word, factor);
	}
	return true;
}

static bool hash_path(const struct bpf_match_config *config, struct span path, uint64_t *ret)
{
	uint64_t hash = config->seed;
	while (path.len) {
		path.data++; /* the slash */
		path.len--;
		const uint8_t *slash = path.len ? memchr(path.data, '/', path.len) : NULL;
		struct span name = { path.data, slash ? (size_t)(slash - path.data) : path.len };
		if (!hash_component(&hash, config->factor, name))
			return false;
		path.data += name.len;
		path.len -= name.len;
	}
	*ret = hash;
	return true;
}

/* The rule at that prefix, new or not; NULL if there is no room. */
static struct bpf_match_rule *rule_at(struct rule_set *s, const struct rule_path *path)
{
	uint64_t hash;
	if (!hash_path(&s->config, (struct span){ (const uint8_t *)path->text, path->fixed }, &hash))
		return NULL;
	size_t i = 0;
	while (i < s->count && s->hashes[i] != hash)
		i++;
	if (i == ARRAY_SIZE(s->hashes))
		return NULL;
	if (i == s->count) {
		s->hashes[i] = hash;
		s->count++;
	}
	return &s->rules[i];
}

static int add_watch(struct rule_set *s, const struct watch *watch)
{
	s->config.watching = watch->count > 0;
	for (size_t i = 0; i < watch->count; i++) {
		const struct watch_path *p = &watch->paths[i];
		struct bpf_match_rule *rule = rule_at(s, &p->path);
		if (!rule)
			return -E2BIG;
		if (p->path.pattern)
			rule->maybe |= p->bit;
		else
			rule->labels |= p->bit;
	}
	return 0;
}

static_assert(EXCLUSIONS_MAX == BPF_MATCH_FILTERS && KINDS_MAX == 128, "one bit each");

/* Which kinds the programs may leave out by themselves. To them a directory that unlinkat() removes is an
 * unlink as well. */
static void put_kinds(struct bpf_filter *to, const struct exclusion *x)
{
	for (uint64_t kind = 0; kind < KINDS_MAX; kind++)
		if (x->kinds[kind] && (kind != KIND_UNLINK || x->kinds[KIND_RMDIR]))
			to->kinds[kind / 64] |= UINT64_C(1) << kind % 64;
}

/* Programs and patterns are for user space. */
static bool fits_kernel(const struct exclusion *x)
{
	for (size_t i = 0; i < x->paths.count; i++)
		if (x->paths.paths[i].pattern)
			return false;
	return !x->exes.count;
}

static struct bpf_filter filter_of(const struct exclusion *x)
{
	struct bpf_filter f = { .cgroup = x->cgroup, .uid = x->uid };
	put_kinds(&f, x);
	f.asks |= x->has_uid ? BPF_ASK_UID : 0;
	f.asks |= x->has_cgroup ? BPF_ASK_CGROUP : 0;
	f.asks |= x->result == EXCLUSION_FAILED ? BPF_ASK_FAILED : 0;
	f.asks |= x->result == EXCLUSION_SUCCEEDED ? BPF_ASK_SUCCEEDED : 0;
	return f;
}

static int add_exclude(struct rule_set *s, const struct exclude *exclude)
{
	for (size_t i = 0; i < exclude->count; i++) {
		const struct exclusion *x = &exclude->rules[i];
		if (!fits_kernel(x))
			continue;
		s->filters[i] = filter_of(x);
		*(x->paths.count ? &s->config.filters_named : &s->config.filters_anywhere) |= 1u << i;
		for (size_t k = 0; k < x->paths.count; k++) {
			struct bpf_match_rule *rule = rule_at(s, &x->paths.paths[k]);
			if (!rule)
				return -E2BIG;
			rule->filters |= 1u << i;
		}
	}
	return 0;
}

static void remove_rules(const struct match_maps *m, const struct rule_set *s, size_t count)
{
	for (size_t i = 0; i < count; i++)
		bpf_map_delete_elem(m->maps->fd[BPF_MAP_MATCH_RULES], &s->hashes[i]);
}

/* Beside those in force, which nobody disturbs: their hashes are other ones. */
static int insert_rules(const struct match_maps *m, const struct rule_set *s)
{
	uint32_t other = 1 - m->active;
	size_t done = 0;
	int err = 0;
	while (!err && done < s->count) {
		err = bpf_map_update_elem(m->maps->fd[BPF_MAP_MATCH_RULES], &s->hashes[done], &s->rules[done],
		                          BPF_NOEXIST);
		done += !err;
	}
	for (uint32_t i = 0; !err && i < BPF_MATCH_FILTERS; i++) {
		uint32_t index = s->config.filters + i;
		err = bpf_map_update_elem(m->maps->fd[BPF_MAP_MATCH_FILTERS], &index, &s->filters[i],
		                          BPF_ANY);
	}
	if (!err)
		err = bpf_map_update_elem(m->maps->fd[BPF_MAP_MATCH_CONFIG], &other, &s->config, BPF_ANY);
	if (err)
		remove_rules(m, s, done);
	return err;
}

/* Rules of the collector before: none of them in force any more. */
/* The collector before may have given its labels other bits. */
static void forget_objects(const struct match_maps *m)
{
	struct bpf_object_key key;
	int fd = m->maps->fd[BPF_MAP_LABELLED];
	while (bpf_map_get_next_key(fd, NULL, &key) == 0 && bpf_map_delete_elem(fd, &key) == 0)
		;
}

static void remove_stale(const struct match_maps *m, const struct rule_set *s)
{
	int fd = m->maps->fd[BPF_MAP_MATCH_RULES];
	uint64_t hash, next;
	for (int err = bpf_map_get_next_key(fd, NULL, &next); !err;) {
		bool ours = false;
		hash = next;
		err = bpf_map_get_next_key(fd, &hash, &next);
		for (size_t i = 0; i < s->count && !ours; i++)
			ours = s->hashes[i] == hash;
		if (!ours)
			bpf_map_delete_elem(fd, &hash);
	}
}

static int new_seed(struct bpf_match_config *config)
{
	uint64_t random[2];
	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return -EIO;
	config->seed = random[0];
	config->factor = random[1] | 1;
	return 0;
}

int match_maps_load(struct match_maps *m, const struct watch *watch, const struct exclude *exclude,
                    const struct throttle *throttle)
{
	static const uint32_t zero;
	cleanup_free struct rule_set *s = calloc(1, sizeof(*s));
	int err = s ? new_seed(&s->config) : -ENOMEM;
	if (!err)
		err = add_watch(s, watch);
	if (!err)
		err = add_exclude(s, exclude);
	if (s) {
		s->config.filters = (1 - m->active) * BPF_MATCH_FILTERS;
		s->config.rate = throttle->rate;
		s->config.burst = throttle->burst;
	}
	if (!err)
		err = insert_rules(m, s);
	if (err)
		return err;
	uint32_t other = 1 - m->active;
	err = bpf_map_update_elem(m->maps->fd[BPF_MAP_MATCH_ACTIVE], &zero, &other, BPF_ANY);
	if (err) {
		remove_rules(m, s, s->count);
		return err;
	}
	m->active = other;
	if (m->set)
		remove_rules(m, m->set, m->set->count);
	if (m->stale)
		remove_stale(m, s);
	if (m->stale)
		forget_objects(m);
	m->stale = false;
	free(m->set);
	m->set = TAKE_PTR(s);
	m->counting = true;
	return 0;
}

static bool excludes(const struct rule_set *s)
{
	return s && (s->config.filters_anywhere | s->config.filters_named | s->config.rate);
}

static uint64_t count_of(const struct match_maps *m, uint32_t index)
{
	uint64_t sum = 0;
	if (bpf_map_lookup_elem(m->maps->fd[BPF_MAP_LEFT_OUT], &index, m->by_cpu))
		return m->left_out[index];
	for (int cpu = 0; cpu < m->cpus; cpu++)
		sum += m->by_cpu[cpu];
	return sum;
}

uint64_t match_maps_left_out(struct match_maps *m, struct exclude *exclude)
{
	uint64_t all = 0;
	static const uint32_t zero;
	for (uint32_t i = 0; m->counting && i < ARRAY_SIZE(m->left_out); i++) {
		uint64_t now = count_of(m, i), more = now - m->left_out[i];
		m->left_out[i] = now;
		all += more;
		if (i / BPF_MATCH_FILTERS == m->active && i % BPF_MATCH_FILTERS < exclude->count)
			exclude->rules[i % BPF_MATCH_FILTERS].left_out += more;
	}
	m->counting = excludes(m->set);
	/* For the collector after this one. */
	if (all)
		(void)!bpf_map_update_elem(m->maps->fd[BPF_MAP_LEFT_OUT_TOLD], &zero, m->left_out, BPF_ANY);
	return all;
}

void match_maps_throttles(struct match_maps *m, struct throttle_watch *w, uint64_t now_us)
{
	int fd = m->maps->fd[BPF_MAP_THROTTLES];
	uint64_t cgroup, next;
	struct bpf_throttle t;
	/* A map that changes meanwhile may begin anew: not for ever. */
	int left = 2 * BPF_THROTTLES;
	for (int err = bpf_map_get_next_key(fd, NULL, &next); !err && left; left--) {
		cgroup = next;
		if (bpf_map_lookup_elem(fd, &cgroup, &t) == 0)
			throttle_watch_see(w, cgroup, t.left_out, now_us);
		err = bpf_map_get_next_key(fd, &cgroup, &next);
	}
}

static void add_labels(struct match_maps *m, const struct bpf_object_key *key, struct bpf_object_labels now)
{
	struct bpf_object_labels old = { 0 };
	if (bpf_map_lookup_elem(m->maps->fd[BPF_MAP_LABELLED], key, &old) == 0) {
		if ((old.self & now.self) == now.self && (old.below & now.below) == now.below)
			return;
		now.self |= old.self;
		now.below |= old.below;
	}
	/* An object that is not remembered is still found by its name. */
	(void)!bpf_map_update_elem(m->maps->fd[BPF_MAP_LABELLED], key, &now, BPF_ANY);
}

void match_maps_label(struct match_maps *m, uint32_t device, uint64_t inode, uint32_t labels)
{
	struct bpf_object_key key = { .inode = inode, .device = device };
	add_labels(m, &key, (struct bpf_object_labels){ .self = labels });
}

void match_maps_learn(struct match_maps *m, const struct watch *watch)
{
	for (size_t i = 0; i < watch->count; i++) {
		const struct watch_path *p = &watch->paths[i];
		struct stat st;
		if (p->path.pattern || stat(p->path.len ? p->path.text : "/", &st) < 0)
			continue;
		struct bpf_object_key key = { .inode = st.st_ino,
			                      .device =
			                              (uint32_t)(major(st.st_dev) << 20 | minor(st.st_dev)) };
		add_labels(m, &key, (struct bpf_object_labels){ .self = p->bit, .below = p->bit });
	}
}

#include "collector/bpf_maps.h"

#include <sys/mman.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "bpf/exec_hash.h"
#include "bpf/match.h"
#include "bpf/object.h"

struct shape {
	const char *name;
	uint32_t type, key, value, entries, flags;
};

/* Zero: as large as this machine or the configuration asks for. */
static const struct shape shapes[BPF_MAPS] = {
	[BPF_MAP_CRITICAL] = { .name = "critical", .type = BPF_MAP_TYPE_RINGBUF },
	[BPF_MAP_FILES] = { .name = "files", .type = BPF_MAP_TYPE_RINGBUF },
	[BPF_MAP_COUNTS] = { "counts", BPF_MAP_TYPE_ARRAY, 4, sizeof(struct bpf_counts), 0, BPF_F_MMAPABLE },
	[BPF_MAP_CALLS] = { "calls", BPF_MAP_TYPE_ARRAY, 4, sizeof(struct bpf_call_pair), BPF_CALLS,
	                    BPF_F_RDONLY_PROG },
	[BPF_MAP_AGENT] = { "agent", BPF_MAP_TYPE_HASH, 4, 1, BPF_AGENT_MAX, 0 },
	[BPF_MAP_MATCH_CONFIG] = { "match_config", BPF_MAP_TYPE_ARRAY, 4, sizeof(struct bpf_match_config), 2,
	                           0 },
	[BPF_MAP_MATCH_ACTIVE] = { "match_active", BPF_MAP_TYPE_ARRAY, 4, 4, 1, 0 },
	[BPF_MAP_MATCH_RULES] = { "match_rules", BPF_MAP_TYPE_HASH, 8, sizeof(struct bpf_match_rule),
	                          BPF_MATCH_RULES, 0 },
	[BPF_MAP_LABELLED] = { "labelled", BPF_MAP_TYPE_LRU_HASH, sizeof(struct bpf_object_key),
	                       sizeof(struct bpf_object_labels), BPF_MATCH_OBJECTS, 0 },
	[BPF_MAP_MATCH_FILTERS] = { "match_filters", BPF_MAP_TYPE_ARRAY, 4, sizeof(struct bpf_filter),
	                            2 * BPF_MATCH_FILTERS, 0 },
	[BPF_MAP_THROTTLES] = { "throttles", BPF_MAP_TYPE_LRU_HASH, 8, sizeof(struct bpf_throttle),
	                        BPF_THROTTLES, 0 },
	[BPF_MAP_LEFT_OUT] = { "match_left_out", BPF_MAP_TYPE_PERCPU_ARRAY, 4, 8, BPF_LEFT_OUT, 0 },
	[BPF_MAP_LEFT_OUT_TOLD] = { "left_out_told", BPF_MAP_TYPE_ARRAY, 4, 8 * BPF_LEFT_OUT, 1, 0 },
	[BPF_MAP_ACTS] = { "acts", BPF_MAP_TYPE_LRU_HASH, sizeof(struct bpf_act_key), sizeof(struct bpf_act),
	                   BPF_ACTS_MAX, 0 },
	[BPF_MAP_EXEC_HASHES] = { "exec_hashes", BPF_MAP_TYPE_LRU_HASH, 4, sizeof(struct bpf_exec_hash),
	                          BPF_EXEC_HASHES_MAX, 0 },
	[BPF_MAP_KEPT] = { "kept", BPF_MAP_TYPE_ARRAY, 4, 0, 1, BPF_F_MMAPABLE },
};

const char *bpf_map_name(enum bpf_map_id id)
{
	return shapes[id].name;
}

static struct shape shape_of(const struct bpf_maps *m, enum bpf_map_id id)
{
	struct shape s = shapes[id];
	if (s.type == BPF_MAP_TYPE_RINGBUF)
		s.entries = (uint32_t)m->ring_bytes;
	else if (id == BPF_MAP_COUNTS)
		s.entries = m->cpus * BPF_PROGRAMS;
	else if (id == BPF_MAP_KEPT)
		s.value = (uint32_t)m->kept_bytes;
	return s;
}

static void close_all(struct bpf_maps *m)
{
	for (int id = 0; id < BPF_MAPS; id++)
		close_fd(&m->fd[id]);
}

/* Is it the map that we would have made? */
static bool fits(int fd, const struct shape *s)
{
	struct bpf_map_info info = { 0 };
	uint32_t size = sizeof(info);
	return bpf_obj_get_info_by_fd(fd, &info, &size) == 0 && info.type == s->type &&
	       info.key_size == s->key && info.value_size == s->value && info.max_entries == s->entries &&
	       info.map_flags == s->flags;
}

/* All or none. */
static bool take_over(struct bpf_maps *m, const struct pins *pins)
{
	for (int id = 0; id < BPF_MAPS; id++) {
		struct shape s = shape_of(m, (enum bpf_map_id)id);
		if (pins_get(pins, s.name, &m->fd[id]) || !fits(m->fd[id], &s)) {
			close_all(m);
			return false;
		}
	}
	return true;
}

static int create(struct bpf_maps *m)
{
	for (int id = 0; id < BPF_MAPS; id++) {
		struct shape s = shape_of(m, (enum bpf_map_id)id);
		LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = s.flags);
		m->fd[id] = bpf_map_create((enum bpf_map_type)s.type, s.name, s.key, s.value, s.entries,
		                           &options);
		if (m->fd[id] < 0)
			return m->fd[id];
	}
	return 0;
}

static bool pin(const struct bpf_maps *m, const struct pins *pins)
{
	for (int id = 0; id < BPF_MAPS; id++)
		if (pins_put(pins, bpf_map_name((enum bpf_map_id)id), m->fd[id])) {
			pins_clear(pins);
			return false;
		}
	return true;
}

static size_t page_round(size_t n)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	return (n + page - 1) / page * page;
}

static int map(int fd, size_t bytes, int protection, void **ret)
{
	void *mapped = mmap(NULL, page_round(bytes), protection, MAP_SHARED, fd, 0);
	if (mapped == MAP_FAILED)
		return -errno;
	*ret = mapped;
	return 0;
}

static size_t counts_bytes(const struct bpf_maps *m)
{
	return sizeof(struct bpf_counts) * BPF_PROGRAMS * m->cpus;
}

static int open_all(struct bpf_maps *m, const struct pins *pins)
{
	m->resumed = pins && take_over(m, pins);
	m->pinned = m->resumed;
	if (!m->resumed) {
		if (pins)
			pins_clear(pins);
		int err = create(m);
		if (err)
			return err;
		m->pinned = pins && pin(m, pins);
	}
	void *counts = NULL;
	int err = map(m->fd[BPF_MAP_COUNTS], counts_bytes(m), PROT_READ, &counts);
	if (err)
		return err;
	m->counts = counts;
	return map(m->fd[BPF_MAP_KEPT], m->kept_bytes, PROT_READ | PROT_WRITE, &m->kept);
}

static void unmap_counts(struct bpf_maps *m)
{
	if (m->counts)
		munmap(m->counts, page_round(counts_bytes(m)));
	m->counts = NULL;
}

int bpf_maps_open(const struct pins *pins, uint32_t cpus, size_t ring_bytes, size_t kept_bytes,
                  struct bpf_maps *ret)
{
	*ret = (struct bpf_maps){ .cpus = cpus, .ring_bytes = ring_bytes, .kept_bytes = kept_bytes };
	for (int id = 0; id < BPF_MAPS; id++)
		ret->fd[id] = -1;
	int err = open_all(ret, pins);
	if (!err)
		return 0;
	/* There is an account all the same, of nothing. */
	unmap_counts(ret);
	ret->pinned = ret->resumed = false;
	ret->kept = mmap(NULL, page_round(kept_bytes), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
	                 -1, 0);
	if (ret->kept == MAP_FAILED)
		ret->kept = NULL;
	return err;
}

void bpf_maps_close(struct bpf_maps *m)
{
	unmap_counts(m);
	if (m->kept)
		munmap(m->kept, page_round(m->kept_bytes));
	m->kept = NULL;
	close_all(m);
}

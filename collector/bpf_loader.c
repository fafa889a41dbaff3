#include "collector/bpf_loader.h"

#include <stdarg.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "collector/bpf_iterator.h"
#include "collector/bpf_maps.h"
#include "collector/call_map.h"
#include "collector/match_maps.h"
#include "collector/ring_reader.h"

struct bpf_loader {
	struct pins *pins; /* NULL: none */
	int pins_err;      /* why not, or 0 */
	struct bpf_maps maps;
	uint64_t left_behind;
	struct match_maps *match;
	struct object_tier *objects; /* NULL: there are no maps for them */
	struct bpf_hook hooks[BPF_PROGRAM_OBJECT];
};

bool bpf_loader_has_btf(void)
{
	return access("/sys/kernel/btf/vmlinux", R_OK) == 0;
}

/* The states in posture say it all, and libbpf would print pages for each program that it tries. */
static int keep_silent(enum libbpf_print_level level maybe_unused, const char *fmt maybe_unused,
                       va_list args maybe_unused)
{
	return 0;
}

static void free_loader(struct bpf_loader **l)
{
	bpf_loader_free(*l);
}

/* Before the program at the end of system calls, so that the trial leaves no records of that either. */
static int open_objects(struct bpf_loader *l, const struct kinds *kinds)
{
	int err = object_tier_open(&l->maps, &l->objects);
	return err ? err : object_tier_start(l->objects, kinds);
}

static void name_build(const struct bpf_loader_config *config, uint32_t cpus, struct hash *ret)
{
	uint64_t sizes[] = { cpus, config->ring_bytes, config->kept_bytes };
	struct span parts[BPF_PROGRAM_OBJECT + 3] = { { (const uint8_t *)SWORNLOG_VERSION,
		                                        sizeof(SWORNLOG_VERSION) },
		                                      { (const uint8_t *)sizes, sizeof(sizes) },
		                                      { config->rules->b, sizeof(config->rules->b) } };
	for (int id = 0; id < BPF_PROGRAM_OBJECT; id++)
		parts[id + 3] = bpf_hook_object((enum bpf_program_id)id);
	sha256_parts(parts, ARRAY_SIZE(parts), ret);
}

static void open_pins(struct bpf_loader *l, const struct bpf_loader_config *config, uint32_t cpus)
{
	struct hash build;
	if (!config->pins)
		return;
	name_build(config, cpus, &build);
	l->pins_err = pins_open(config->pins, &build, &l->pins);
}

static void count_left(void *context, int map_fd)
{
	struct bpf_loader *l = context;
	struct bpf_map_info info = { 0 };
	uint32_t size = sizeof(info);
	struct ring_reader ring;
	if (bpf_obj_get_info_by_fd(map_fd, &info, &size) || info.type != BPF_MAP_TYPE_RINGBUF ||
	    ring_reader_open(map_fd, info.max_entries, &ring))
		return;
	const void *record;
	for (size_t bytes; ring_reader_peek(&ring, &record, &bytes) == RING_RECORD; l->left_behind++)
		ring_reader_take(&ring);
	ring_reader_close(&ring);
}

int bpf_loader_open(const struct bpf_loader_config *config, struct bpf_loader **ret)
{
	size_t bytes = config->ring_bytes;
	if (bytes > UINT32_MAX || bytes == 0 || bytes & (bytes - 1))
		return -EINVAL;
	struct bpf_loader *l cleanup(free_loader) = calloc(1, sizeof(*l));
	if (!l)
		return -ENOMEM;
	for (int id = 0; id < BPF_PROGRAM_OBJECT; id++)
		l->hooks[id].fd = -1;
	if (!config->verbose)
		libbpf_set_print(keep_silent);
	int cpus = libbpf_num_possible_cpus();
	if (cpus < 0)
		return cpus;
	open_pins(l, config, (uint32_t)cpus);
	int err = bpf_maps_open(l->pins, (uint32_t)cpus, bytes, ((size_t)cpus + 1) * config->kept_bytes,
	                        &l->maps);
	if (!l->maps.kept)
		return -ENOMEM;
	if (!err)
		err = call_map_fill(l->maps.fd[BPF_MAP_CALLS], config->kinds);
	if (!err)
		err = match_maps_open(&l->maps, &l->match);
	if (!err)
		err = open_objects(l, config->kinds);
	struct bpf_hook_place place = { .maps = &l->maps, .pins = l->pins };
	for (int id = 0; id < BPF_PROGRAM_OBJECT; id++)
		bpf_hook_open(&place, (enum bpf_program_id)id, config->kinds, err, &l->hooks[id]);
	/* Only now: what another build has seen until here is in its rings. */
	if (l->pins)
		pins_remove_others(l->pins, count_left, l);
	*ret = TAKE_PTR(l);
	return 0;
}

int bpf_loader_set_kinds(struct bpf_loader *l, const struct kinds *kinds)
{
	if (l->maps.fd[BPF_MAP_CALLS] < 0)
		return 0;
	int err = call_map_fill(l->maps.fd[BPF_MAP_CALLS], kinds);
	return !err && l->objects ? object_tier_start(l->objects, kinds) : err;
}

int bpf_loader_list(struct bpf_loader *l, bpf_iterator_each *each, void *context)
{
	struct bpf_hook *hook = &l->hooks[BPF_PROGRAM_FOUND];
	if (!hook->link)
		return -EOPNOTSUPP;
	int err = bpf_iterator_read(bpf_hook_link_fd(hook), each, context);
	/* It has served: its scratch memory is large. */
	bpf_hook_close(hook);
	return err;
}

void bpf_loader_detach(struct bpf_loader *l)
{
	if (l->objects)
		object_tier_detach(l->objects);
	for (int id = 0; id < BPF_PROGRAM_OBJECT; id++)
		bpf_hook_detach(&l->hooks[id]);
}

void bpf_loader_free(struct bpf_loader *l)
{
	if (!l)
		return;
	for (int id = 0; id < BPF_PROGRAM_OBJECT; id++)
		bpf_hook_close(&l->hooks[id]);
	object_tier_free(l->objects);
	match_maps_free(l->match);
	bpf_maps_close(&l->maps);
	pins_free(l->pins);
	free(l);
}

int bpf_loader_agent_fd(const struct bpf_loader *l)
{
	return l->maps.fd[BPF_MAP_AGENT];
}

const struct hook_status *bpf_loader_status(const struct bpf_loader *l, enum bpf_program_id program)
{
	return &l->hooks[program].status;
}

const struct object_tier *bpf_loader_objects(const struct bpf_loader *l)
{
	return l->objects;
}

int bpf_loader_ring_fd(const struct bpf_loader *l, enum bpf_ring ring)
{
	return l->maps.fd[ring];
}

const volatile struct bpf_counts *bpf_loader_counts(const struct bpf_loader *l)
{
	return l->maps.counts;
}

void *bpf_loader_kept(const struct bpf_loader *l)
{
	return l->maps.kept;
}

bool bpf_loader_resumed(const struct bpf_loader *l)
{
	return l->maps.resumed;
}

int bpf_loader_pins(const struct bpf_loader *l)
{
	if (l->maps.pinned)
		return 0;
	return l->pins_err ? l->pins_err : -EOPNOTSUPP;
}

uint64_t bpf_loader_left_behind(const struct bpf_loader *l)
{
	return l->left_behind;
}

struct match_maps *bpf_loader_match(const struct bpf_loader *l)
{
	return l->match;
}

uint32_t bpf_loader_cpus(const struct bpf_loader *l)
{
	return l->maps.cpus;
}

void bpf_loader_judge(struct bpf_loader *l, enum bpf_program_id program, bool works)
{
	struct hook_status *status = &l->hooks[program].status;
	if (status->err)
		return;
	status->state = works ? HOOK_ON : HOOK_FAILED;
}

int bpf_loader_link_fd(const struct bpf_loader *l, enum bpf_program_id program)
{
	return bpf_hook_link_fd(&l->hooks[program]);
}

int bpf_loader_map_fd(const struct bpf_loader *l, size_t i, const char **ret_name)
{
	if (i >= BPF_MAPS)
		return -1;
	*ret_name = bpf_map_name((enum bpf_map_id)i);
	return l->maps.fd[i];
}

int bpf_loader_pins_fd(const struct bpf_loader *l)
{
	return l->pins ? pins_fd(l->pins) : -1;
}

uint64_t bpf_loader_skipped(const struct bpf_loader *l, enum bpf_program_id program)
{
	return bpf_hook_skipped(&l->hooks[program]);
}

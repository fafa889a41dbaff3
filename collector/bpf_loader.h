/* Loads and attaches the BPF programs one by one, so that what a kernel refuses costs only itself. */
#ifndef SWORNLOG_COLLECTOR_BPF_LOADER_H
#define SWORNLOG_COLLECTOR_BPF_LOADER_H

#include "collector/bpf_hook.h"
#include "collector/bpf_iterator.h"
#include "collector/object_tier.h"

struct bpf_loader;

struct bpf_loader_config {
	size_t ring_bytes;         /* of each, a power of two, at least a page */
	size_t kept_bytes;         /* per CPU, and as many once, of memory that is kept with the pins */
	const struct kinds *kinds; /* that are wanted */
	const struct hash *rules;  /* of the rules of collection: records of other ones mean something else */
	const char *pins; /* the root folder of collector/pins.h; NULL: everything ends with the process */
	bool verbose;     /* libbpf says on standard error why the kernel refuses */
};

/* Create the maps and load what this kernel takes; or take both over from a collector of the same build whose
 * pins are whole. Succeeds even if the kernel takes nothing at all: the states say why. Errors are the
 * caller's (-EINVAL) or of memory. Blocks for some ten milliseconds a program. */
must_check int bpf_loader_open(const struct bpf_loader_config *config, struct bpf_loader **ret);
/* From now on these kinds are made. A program that was not loaded for want of wanted kinds stays so. */
must_check int bpf_loader_set_kinds(struct bpf_loader *l, const struct kinds *kinds);
/* Hand on a record of each process that runs, once: the program is unloaded afterwards. -EOPNOTSUPP where it
 * is not loaded. */
must_check int bpf_loader_list(struct bpf_loader *l, bpf_iterator_each *each, void *context);
/* No further record is made; those in the rings stay. Not where they are pinned: they go on. */
void bpf_loader_detach(struct bpf_loader *l);
/* Detaches everything that is not pinned. Takes NULL. */
void bpf_loader_free(struct bpf_loader *l);

/* Indexed by enum bpf_program_id, below BPF_PROGRAM_OBJECT. */
const struct hook_status *bpf_loader_status(const struct bpf_loader *l, enum bpf_program_id program);
/* The programs on kernel objects; NULL if there are no maps for them. */
const struct object_tier *bpf_loader_objects(const struct bpf_loader *l);
/* -1, and NULL below, if the maps were refused. */
int bpf_loader_ring_fd(const struct bpf_loader *l, enum bpf_ring ring);
/* One for each program on each CPU, at index cpu * BPF_PROGRAMS + program; changes under the reader's eyes.
 */
const volatile struct bpf_counts *bpf_loader_counts(const struct bpf_loader *l);
/* Through which the programs know the rules; NULL if the maps were refused. */
struct match_maps *bpf_loader_match(const struct bpf_loader *l);
/* Of the map of the agent's own processes; negative if it is not there. The loader's. */
int bpf_loader_agent_fd(const struct bpf_loader *l);
/* The memory that is kept: (cpus + 1) * kept_bytes, at first zeroed. */
void *bpf_loader_kept(const struct bpf_loader *l);
/* True if the rings were taken over, with what has gathered in them. */
bool bpf_loader_resumed(const struct bpf_loader *l);
/* 0 if programs and maps will outlive this process; else why not: -EOPNOTSUPP where nobody asked for it or
 * the kernel refused. */
int bpf_loader_pins(const struct bpf_loader *l);
/* Records, at most, that collectors of other builds have left in rings which nobody can read any more. */
uint64_t bpf_loader_left_behind(const struct bpf_loader *l);
uint32_t bpf_loader_cpus(const struct bpf_loader *l);
/* The self-probe found a program that is on not to work, or one that it had found so to work again. */
void bpf_loader_judge(struct bpf_loader *l, enum bpf_program_id program, bool works);
/* The descriptor of its attachment; -1 if it is not attached. */
int bpf_loader_link_fd(const struct bpf_loader *l, enum bpf_program_id program);
/* The i-th map that all programs share, and its name; -1 beyond the last. */
int bpf_loader_map_fd(const struct bpf_loader *l, size_t i, const char **ret_name);
/* Of the folder with what is pinned; -1 if nothing is. */
int bpf_loader_pins_fd(const struct bpf_loader *l);
/* How often the kernel skipped the program because it was already running; 0 if unknown. */
uint64_t bpf_loader_skipped(const struct bpf_loader *l, enum bpf_program_id program);
/* True if the kernel says what types it has. */
bool bpf_loader_has_btf(void);

#endif

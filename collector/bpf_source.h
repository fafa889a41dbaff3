/* The events that the BPF programs make: out of the ring, checked, counted. */
#ifndef SWORNLOG_COLLECTOR_BPF_SOURCE_H
#define SWORNLOG_COLLECTOR_BPF_SOURCE_H

#include "collector/bpf_loader.h"
#include "collector/bpf_record.h"
#include "collector/ring_account.h"

#define BPF_SOURCE_RING_BYTES ((size_t)8 << 20)

struct bpf_source_config {
	size_t ring_bytes;         /* of each ring, a power of two; 0: BPF_SOURCE_RING_BYTES */
	const struct kinds *kinds; /* read during the call */
	const struct hash *rules;  /* as in struct bpf_loader_config */
	const char *pins;          /* as in struct bpf_loader_config */
	bool verbose;
	/* The view is valid during the call. */
	void (*on_record)(void *context, const struct bpf_view *view);
	/* Losses that are EXACT count one event each that the sensors made and that on_record never saw. */
	loss_fn *on_loss;
	void *context;
};

struct bpf_source;

/* As bpf_loader_open(): a kernel that takes nothing at all is not an error. */
must_check int bpf_source_open(const struct bpf_source_config *config, struct bpf_source **ret);
/* Takes NULL. */
void bpf_source_free(struct bpf_source *s);

/* Hand on_found a view of each process that runs. Once, at the start. -EOPNOTSUPP where the kernel does not
 * list them. */
must_check int bpf_source_list(struct bpf_source *s,
                               void (*on_found)(void *context, const struct bpf_view *view));
/* Once, at the start: declare what nobody can hand on any more. True if this source goes on where the one
 * before has ended, so that nothing but what was declared is missing. */
bool bpf_source_resume(struct bpf_source *s);
/* So many of the events and losses that were handed on have not left this process yet: what the next one must
 * declare if this one ends now. */
void bpf_source_delivered(struct bpf_source *s, uint64_t undelivered);
/* As bpf_loader_pins(). */
int bpf_source_pins(const struct bpf_source *s);
/* Before the end: no further record is made, so that the rings can be emptied; but where they are pinned. */
void bpf_source_detach(struct bpf_source *s);
/* For epoll: readable once something is urgent or a ring fills; -1 if there are no rings. Everything else
 * waits to be asked for. */
int bpf_source_fd(const struct bpf_source *s);
/* Hand on at most `max` records, in the order of time. Returns how many. */
must_check unsigned bpf_source_consume(struct bpf_source *s, unsigned max);
/* Declare losses. Call once in a while, when consume returned less than its maximum. */
void bpf_source_settle(struct bpf_source *s, uint64_t now_boot_us);
void bpf_source_high_water(const struct bpf_source *s, struct intake_counts *into);
/* As of the loader. */
void bpf_source_judge(struct bpf_source *s, enum bpf_program_id program, bool works);
int bpf_source_link_fd(const struct bpf_source *s, enum bpf_program_id program);
int bpf_source_pins_fd(const struct bpf_source *s);
int bpf_source_map_fd(const struct bpf_source *s, size_t i, const char **ret_name);
/* As of the loader. */
must_check int bpf_source_set_kinds(struct bpf_source *s, const struct kinds *kinds);
/* NULL if the kernel took no maps. */
struct match_maps *bpf_source_match(const struct bpf_source *s);
int bpf_source_agent_fd(const struct bpf_source *s);
const struct hook_status *bpf_source_status(const struct bpf_source *s, enum bpf_program_id program);
/* As bpf_loader_objects(). */
const struct object_tier *bpf_source_objects(const struct bpf_source *s);

#endif

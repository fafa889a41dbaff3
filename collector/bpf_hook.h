/* One hook: the program on it, attached, and pinned where there are pins. */
#ifndef SWORNLOG_COLLECTOR_BPF_HOOK_H
#define SWORNLOG_COLLECTOR_BPF_HOOK_H

#include "collector/bpf_maps.h"
#include "collector/kinds.h"

/* Numbered as in a posture entry (docs/format.md section 6.3). */
enum hook_state { HOOK_OFF = 0, HOOK_ON = 1, HOOK_REFUSED = 2, HOOK_FAILED = 3 };

struct hook_status {
	const char *name; /* of the tracepoint */
	enum hook_state state;
	int err;              /* -errno of a refusal or a failure */
	const uint8_t *kinds; /* that nobody else reports here; ends with 0 */
};

struct bpf_hook {
	struct bpf_link *link; /* NULL: not attached */
	int fd;                /* of the program; -1 while it is not loaded */
	struct hook_status status;
};

/* What a program is loaded into. */
struct bpf_hook_place {
	const struct bpf_maps *maps;
	const struct pins *pins; /* NULL: none */
};

/* Take over what the collector before has left attached, or load what the kernel takes; `ret->status` says
 * what became of it. A program that only makes kinds that are not wanted is left alone. maps_err: why there
 * are no maps to load it with, or 0. Blocks for some ten milliseconds. */
void bpf_hook_open(const struct bpf_hook_place *place, enum bpf_program_id id, const struct kinds *kinds,
                   int maps_err, struct bpf_hook *ret);
/* No further record is made. Not where it is pinned: it goes on. */
void bpf_hook_detach(struct bpf_hook *h);
/* Detaches and unloads what is not pinned. */
void bpf_hook_close(struct bpf_hook *h);
/* -1 if it is not attached. */
int bpf_hook_link_fd(const struct bpf_hook *h);
/* How often the kernel skipped the program because it was already running; 0 if unknown. */
uint64_t bpf_hook_skipped(const struct bpf_hook *h);
/* The bytes that the program is loaded from. */
struct span bpf_hook_object(enum bpf_program_id id);

#endif

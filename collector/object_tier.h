/* Chooses for each kind of file event the tier that sees it: the best whose hooks have fired when tried. */
#ifndef SWORNLOG_COLLECTOR_OBJECT_TIER_H
#define SWORNLOG_COLLECTOR_OBJECT_TIER_H

#include "collector/kinds.h"
#include "collector/object_load.h"

struct kind_tier {
	uint8_t kind;  /* 0: ends the list */
	uint8_t tier;  /* SENSOR_BPF_*; 0: nothing sees it */
	char why[192]; /* ASCII, for people */
};

struct object_tier;

/* Load, try and choose; nothing is recorded yet. A kernel that takes none of it is not an error, and leaves
 * all kinds to the tracepoint. -ENOMEM and the like. Blocks for some hundred milliseconds. */
must_check int object_tier_open(const struct bpf_maps *maps, struct object_tier **ret);
/* Takes NULL. */
void object_tier_free(struct object_tier *t);
/* From now on the programs make records of these kinds, and of no other. */
must_check int object_tier_start(struct object_tier *t, const struct kinds *wanted);
void object_tier_detach(struct object_tier *t);

/* "lsm", "fentry", "tracepoint", "none" */
const char *object_tier_word(uint8_t tier);
/* The three below take NULL, for where there is nothing of this. */
/* All kinds that have such a hook, with kind 0 at the end, and KIND_EXEC, of which one gives the executable's
 * SHA-256. */
const struct kind_tier *object_tier_kinds(const struct object_tier *t);
/* True if the program is in use. */
bool object_tier_uses(const struct object_tier *t, enum bpf_object_program program);
/* NULL if the kernel takes none of it. */
const struct object_load *object_tier_programs(const struct object_tier *t);

#endif

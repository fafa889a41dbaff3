/* Loads and attaches the programs on kernel objects (bpf/object.bpf.c), and counts which of them fire. */
#ifndef SWORNLOG_COLLECTOR_OBJECT_LOAD_H
#define SWORNLOG_COLLECTOR_OBJECT_LOAD_H

#include "bpf/object.h"
#include "collector/bpf_maps.h"
#include "evidence/entry.h"

struct object_load;

/* Creates the maps that only these programs have; the others are the caller's. -ENOTSUP where the kernel does
 * not say what functions it has. */
must_check int object_load_open(const struct bpf_maps *maps, struct object_load **ret);
/* Detaches everything. Takes NULL. */
void object_load_free(struct object_load *l);

/* True if the kernel has the function that the program stands on. */
bool object_load_has(const struct object_load *l, enum bpf_object_program program);
/* Load and attach those of `programs` that are not yet; object_load_err() tells what became of each. What one
 * program is refused costs only itself, unless it is the first: then none is tried. */
void object_load_attach(struct object_load *l, const bool programs[BPF_OBJECT_PROGRAMS]);
void object_load_detach(struct object_load *l, enum bpf_object_program program);
/* 0: attached. -ENOENT: not tried, or detached. */
int object_load_err(const struct object_load *l, enum bpf_object_program program);
/* -1 where it is not attached. */
int object_load_link_fd(const struct object_load *l, enum bpf_object_program program);
/* How often it did its part, on all CPUs. */
uint64_t object_load_fired(const struct object_load *l, enum bpf_object_program program);
/* How often the kernel skipped it because it was already running. */
uint64_t object_load_skipped(const struct object_load *l, enum bpf_object_program program);
/* At first they make no records of any kind. */
must_check int object_load_set_gate(struct object_load *l, uint32_t kind, bool open);
/* As a sensor bit. */
enum entry_sensor object_load_tier(enum bpf_object_program program);
/* "fexit/vfs_rename" */
const char *object_load_name(const struct object_load *l, enum bpf_object_program program);

#endif

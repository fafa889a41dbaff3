/* What the collector says of itself in `<run>/collector.status` (docs/status.md). */
#ifndef SWORNLOG_COLLECTOR_STATUS_H
#define SWORNLOG_COLLECTOR_STATUS_H

#include "collector/audit_source.h"
#include "collector/bpf_source.h"
#include "collector/outlet.h"
#include "collector/self_probe.h"
#include "collector/witness.h"

/* What a program has brought so far. */
struct hook_use {
	uint64_t records;
	uint64_t last_us; /* boot time of the last; 0: none */
};

struct status_facts {
	const struct bpf_source *bpf;
	const struct hook_use *uses; /* BPF_PROGRAMS of them */
	const struct self_probe *probe;
	const struct audit_source *audit;
	const struct outlet *outlet;
	const struct witness *witness;
	uint64_t now_us;
};

/* Append one JSON object. */
void status_put(struct buf *b, const struct status_facts *facts);

#endif

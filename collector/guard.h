/* Guards the sensors themselves: looks how they are set up, proves that they work by marked actions of its
 * own, and tells of each change in an entry and in a status file. */
#ifndef SWORNLOG_COLLECTOR_GUARD_H
#define SWORNLOG_COLLECTOR_GUARD_H

#include "collector/actor.h"
#include "collector/audit_source.h"
#include "collector/bpf_source.h"
#include "collector/outlet.h"
#include "collector/witness.h"

struct guard_config {
	struct event_sink sink;
	/* The caller's. */
	struct bpf_source *bpf;
	struct audit_source *audit;
	const struct outlet *outlet;
	const struct witness *witness;
	int run_fd; /* folder for the status file and for marked files; -1: neither */
};

struct guard;

/* -ENOMEM. */
must_check int guard_new(const struct guard_config *config, struct guard **ret);
/* Takes NULL. */
void guard_free(struct guard *g);

/* A record that came, and a loss. */
void guard_record(struct guard *g, const struct bpf_view *view);
void guard_loss(struct guard *g, const struct intake_loss *loss);
/* False if audit's records do not come though they should. */
bool guard_hears_audit(const struct guard *g);
/* True once after a change that posture has to tell of. */
bool guard_posture_changed(struct guard *g);
/* An audit event that came: a change of audit's configuration makes the guard look at once. */
void guard_audit_event(struct guard *g, const struct audit_assembled *event, uint64_t now_us);
/* Several times a second. Asks the kernel what is cheap each second, the rest every ten; never blocks. */
void guard_tick(struct guard *g, uint64_t now_us);

#endif

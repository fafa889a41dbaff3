/* Guards the sensors themselves: polls how they are set up and tells of each change in an entry. */
#ifndef SWORNLOG_COLLECTOR_GUARD_H
#define SWORNLOG_COLLECTOR_GUARD_H

#include "collector/actor.h"
#include "collector/audit_source.h"
#include "collector/bpf_source.h"

struct guard_config {
	struct event_sink sink;
	const struct bpf_source *bpf; /* the caller's */
	struct audit_source *audit;   /* likewise */
};

struct guard;

/* -ENOMEM. */
must_check int guard_new(const struct guard_config *config, struct guard **ret);
/* Takes NULL. */
void guard_free(struct guard *g);

/* An audit event that came: a change of audit's configuration makes the guard look at once. */
void guard_audit_event(struct guard *g, const struct audit_assembled *event, uint64_t now_us);
/* Several times a second. Asks the kernel what is cheap each second, the rest every ten; never blocks. */
void guard_tick(struct guard *g, uint64_t now_us);

#endif

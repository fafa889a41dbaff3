/* The parts of a collector, opened and wired to each other: what one of them says is heard by those that it
 * concerns. */
#ifndef SWORNLOG_COLLECTOR_PARTS_H
#define SWORNLOG_COLLECTOR_PARTS_H

#include "collector/audit_setup.h"
#include "collector/bpf_source.h"
#include "collector/collector.h"
#include "collector/guard.h"
#include "collector/normalise.h"
#include "collector/outlet.h"

/* Plain, for the loop drives each of them. It stays where it was opened: the parts point to it. */
struct parts {
	struct collector_config config;
	int proc_fd;
	int run_fd; /* -1: none */
	struct own_events own;
	struct rules *rules;   /* in force */
	struct redact *redact; /* as the rules have it; NULL: off */
	struct label_names labels;
	struct throttle_watch *throttles;
	struct outlet *outlet;
	bool outlet_restarted; /* set at each end of a connection, for the loop to clear */
	struct actors *actors;
	struct normaliser *normaliser;
	struct bpf_source *bpf;
	struct audit_setup audit_setup;
	struct audit_rules audit_rules; /* as they were at the start: they are not reloaded */
	bool audit_exec;
	bool exec_rules_work;
	struct audit_source *audit;
	struct guard *guard;
	struct witness *witness;
	struct buf posture; /* as last told */
};

/* Opens all of them into `p`, which is empty but for its place, and tells the sealer what they are. Errors as
 * of collector_open(); what was opened until then is for parts_close(). */
must_check int parts_open(const struct collector_config *config, struct parts *p);
/* Takes half-open ones. */
void parts_close(struct parts *p);

#endif

/* The collector: its sources, the way of an event from them to the sealer, and the loop that drives it. */
#ifndef SWORNLOG_COLLECTOR_COLLECTOR_H
#define SWORNLOG_COLLECTOR_COLLECTOR_H

#include "collector/audit_mode.h"

#define COLLECTOR_OWN_DIRS_MAX 8

/* Strings are the caller's. */
struct collector_config {
	const char *events_socket;
	const char *rules_path; /* collect.yaml; NULL: the defaults */
	const char *own_dirs[COLLECTOR_OWN_DIRS_MAX];
	size_t own_dir_count;
	enum audit_mode audit;
	const char *audit_replay; /* with AUDIT_MODE_REPLAY: the recorded log */
	bool audit_enable;        /* switch audit on where it is off */
	const char *audit_lease;  /* what was changed of audit is kept in this file; NULL: change nothing */
	const char *run_dir; /* for collector.status and the marked files of the self-probe; NULL: neither */
	const char *pins;    /* as in struct bpf_loader_config; NULL: none */
	size_t ring_bytes;   /* a power of two; 0: default */
	size_t queue_bytes;  /* 0: default */
	bool verbose;
	int stop_fd;   /* readable when it is time to stop */
	int reload_fd; /* readable when the rules are to be read anew: a signalfd; -1: never */
};

struct collector;

/* Opens all sources. What the kernel refuses is not an error: it is logged, and stands in posture. -EINVAL
 * for an own directory that is not fit; -ENOEXEC for rules that can't be read or are not understood, of which
 * the host log was told; -ENOMEM and the like. */
must_check int collector_open(const struct collector_config *config, struct collector **ret);
/* Takes NULL. */
void collector_free(struct collector *c);
/* Until stop_fd; then takes leave of the sealer, waiting for it up to two seconds. 0 or -errno. */
must_check int collector_run(struct collector *c);

#endif

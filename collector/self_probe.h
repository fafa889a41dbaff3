/* Whether the sensors see what they must: marked actions of our own, which have to come back as records with
 * the right content.
 *
 * Pure: it says when to act and is told what came. A mechanism is condemned after two rounds in a row in
 * which its record did not come, and acquitted by the first that does; a round in which the ring lost records
 * proves nothing.
 */
#ifndef SWORNLOG_COLLECTOR_SELF_PROBE_H
#define SWORNLOG_COLLECTOR_SELF_PROBE_H

#include "collector/bpf_record.h"

#define SELF_PROBE_EVERY_US       UINT64_C(30000000)
#define SELF_PROBE_AGAIN_US       UINT64_C(5000000) /* after a round that failed */
#define SELF_PROBE_DEADLINE_US    UINT64_C(5000000)
#define SELF_PROBE_AUDIT_EVERY_US UINT64_C(3600000000)
#define SELF_PROBE_EXIT_CODE      87
#define SELF_PROBE_MARKER_MAX     40

/* What is done, and what has to come of it. */
enum self_probe_id {
	SELF_PROBE_FORK,
	SELF_PROBE_EXEC,
	SELF_PROBE_EXIT,
	SELF_PROBE_FILE,
	SELF_PROBE_AUDIT,
	SELF_PROBES
};

struct self_probe_config {
	uint32_t own_pid;
	/* A mechanism was found not to work, or to work again. May not call back. */
	void (*on_verdict)(void *context, enum self_probe_id id, bool works);
	void *context;
};

struct self_probe;

/* -ENOMEM. */
must_check int self_probe_new(const struct self_probe_config *config, struct self_probe **ret);
/* Takes NULL. */
void self_probe_free(struct self_probe *p);

/* Closes a round whose time is over. True if a new one is due: its marker is then to be had. */
bool self_probe_due(struct self_probe *p, uint64_t now_us);
bool self_probe_audit_due(const struct self_probe *p, uint64_t now_us);
/* Of the round that is due or under way: a name that no other action has. */
const char *self_probe_marker(const struct self_probe *p);
/* There is reason to doubt: begin the next round as soon as this one is closed. */
void self_probe_hurry(struct self_probe *p);
/* The actions of a round were done. child: a process of our program with the marker among its arguments,
 * that ends with SELF_PROBE_EXIT_CODE; inode: of the program; 0: could not be started. file: a file with the
 * marker as its name was made by this process. */
void self_probe_begun(struct self_probe *p, uint32_t child, uint64_t inode, bool file, uint64_t now_us);
/* Audit was asked to set its backlog wait time to this, its present value. */
void self_probe_audit_begun(struct self_probe *p, uint32_t wait_time, uint64_t now_us);

/* What came: every record, and every "audit_backlog_wait_time" that was set. */
void self_probe_record(struct self_probe *p, const struct bpf_view *view);
void self_probe_audit_set(struct self_probe *p, uint32_t wait_time);
/* Records were lost: the round proves nothing. */
void self_probe_lost(struct self_probe *p);

/* "untried", "ok" or "failed". */
const char *self_probe_verdict(const struct self_probe *p, enum self_probe_id id);
bool self_probe_works(const struct self_probe *p, enum self_probe_id id);
/* The program that last brought what this probe looks for, or is expected to; not for SELF_PROBE_AUDIT. */
enum bpf_program_id self_probe_program(const struct self_probe *p, enum self_probe_id id);
const char *self_probe_name(enum self_probe_id id);

#endif

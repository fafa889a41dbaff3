/* Two sensors see each exec, BPF and audit: what both saw is one event, and what only one saw is told.
 *
 * Pure: events and a time in, decisions out. An exec of one sensor waits for the other's; the two are one if
 * process and name (comm) agree, the oldest first. What waited too long is a disagreement, unless there is an
 * ordinary cause: audit tells nothing of who was born before its rules were in force, nothing of what the
 * kernel runs of its own accord, and both lose when they are flooded. Such execs are counted as unproven.
 */
#ifndef SWORNLOG_COLLECTOR_CROSS_CHECK_H
#define SWORNLOG_COLLECTOR_CROSS_CHECK_H

#include "audit/who.h"
#include "lib/cursor.h"

#define CROSS_CHECK_WAIT_US   UINT64_C(3000000)
#define CROSS_CHECK_BEHIND_US UINT64_C(30000000) /* at most, while a sensor's events queue up */
#define CROSS_CHECK_PENDING   2048               /* of each sensor */
#define CROSS_CHECK_EXE_MAX   128
#define CROSS_CHECK_COMM_MAX  16
#define CROSS_CHECK_RATE      20 /* told singly in a window; the rest is counted */
#define CROSS_CHECK_WINDOW_US UINT64_C(10000000)

#define CROSS_CHECK_UNSET UINT32_MAX

/* An exec as one sensor saw it. */
struct exec_seen {
	uint32_t pid, ppid;
	uint32_t uid, loginuid, session; /* CROSS_CHECK_UNSET: not known */
	uint32_t serial;                 /* audit's */
	uint64_t start_us;               /* BPF: when the process was forked, boot time */
	uint64_t number;                 /* BPF: of its entry */
	size_t exe_len, comm_len;
	uint8_t exe[CROSS_CHECK_EXE_MAX]; /* its end, where it is longer */
	uint8_t comm[CROSS_CHECK_COMM_MAX];
};

enum cross_check_sensor { CROSS_CHECK_BPF, CROSS_CHECK_AUDIT, CROSS_CHECK_SENSORS };

struct cross_check_config {
	/* Audit's event came after the entry was sent. */
	void (*on_confirmed)(void *context, const struct exec_seen *bpf, const struct exec_seen *audit);
	/* Only `by` saw it. */
	void (*on_disagreement)(void *context, enum cross_check_sensor by, const struct exec_seen *exec);
	/* So many more, of which none is told singly. */
	void (*on_count)(void *context, enum cross_check_sensor by, uint64_t count);
	void *context;
};

struct cross_check_counts {
	uint64_t agreed;
	uint64_t alone[CROSS_CHECK_SENSORS]; /* disagreements */
	uint64_t unproven;
};

struct cross_check;

/* -ENOMEM. Disarmed. */
must_check int cross_check_new(const struct cross_check_config *config, struct cross_check **ret);
/* Takes NULL. */
void cross_check_free(struct cross_check *c);

/* Audit's exec rules are in force, or no longer are: then nothing is expected, and what waited is unproven.
 */
void cross_check_arm(struct cross_check *c, bool armed, uint64_t now_us);
bool cross_check_armed(const struct cross_check *c);

/* BPF saw it. True if audit has seen it already: `ret_serial`. Else it waits, from cross_check_sent() on. */
bool cross_check_bpf(struct cross_check *c, const struct exec_seen *exec, uint32_t *ret_serial);
/* The entry of an exec that was not seen yet by audit was sent under exec->number. */
void cross_check_sent(struct cross_check *c, const struct exec_seen *exec, uint64_t now_us);
void cross_check_audit(struct cross_check *c, const struct exec_seen *exec, uint64_t now_us);
/* A sensor lost something: what waits for it is unproven. */
void cross_check_lost(struct cross_check *c, enum cross_check_sensor sensor, uint64_t now_us);
/* Now and then. behind: events of that sensor wait to be read. */
void cross_check_tick(struct cross_check *c, const bool behind[CROSS_CHECK_SENSORS], uint64_t now_us);

struct cross_check_counts cross_check_counts(const struct cross_check *c);

#endif

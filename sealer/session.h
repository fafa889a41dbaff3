/* The sealer's state, shared by the files that implement sealer.h. Nobody else includes it. */
#ifndef SWORNLOG_SEALER_SESSION_H
#define SWORNLOG_SEALER_SESSION_H

#include "sealer/latency.h"
#include "sealer/process_index.h"
#include "sealer/sealer.h"
#include "sealer/witnessing.h"

#define SEALER_KINDS     128
#define SEALER_ENDED_MAX 256

/* The collector's counters when this connection began. */
struct collector_base {
	bool known;
	uint64_t filtered;
	uint64_t sent;
	uint64_t lost;
};

struct sealer {
	struct sealer_options options;
	struct spool spool;
	struct host_log *log;
	struct ledger ledger;
	struct process_index *processes;
	uint64_t ended[SEALER_ENDED_MAX]; /* of these the last: an end is not the last thing that is told of
	                                     them */
	size_t ended_next;
	struct buf scratch;

	bool connected;
	bool collector_left; /* it said goodbye */
	uint64_t gone_us;    /* when it ended without; 0: that has been declared, or the next one went on */
	bool wants_reconnect;
	bool accounts_differ;
	uint64_t received; /* events on this connection */
	uint64_t declared; /* exact losses on this connection */
	uint64_t filtered;
	struct collector_base base;

	bool has_posture;
	struct hash posture;
	struct buf posture_fields;

	bool has_rules; /* the collector has told its rules */
	struct hash rules;
	struct buf rules_text;

	uint64_t opened_us;        /* when the oldest pending entry was added; 0: nothing pending */
	uint64_t critical_us;      /* the same of critical ones */
	uint64_t critical_paid_us; /* up to then the allowance of critical seals is used up */
	uint64_t last_seal_us;

	bool spool_full;
	bool spool_near;
	bool was_running;

	struct fleet_head held;
	size_t log_keys; /* how often the fleet log's key was handed on, as far as is known */
	struct epoch_head receipted;
	uint64_t last_receipt_us;
	uint64_t last_epoch_us; /* when a conflict last made a new epoch */
	uint64_t last_check_us; /* when a refused batch was last hashed again */
	const char *alarm;      /* what is wrong with the sink, or NULL */
	uint64_t alarm_us;      /* when it was last noted */
	size_t histories;       /* pairs of notes kept of two histories of the fleet log */

	struct witnessing witnessing;
	uint64_t witnessed_time_s; /* when the newest witnessed checkpoint was cosigned; 0: never */
	unsigned witnesses;        /* how many have */

	uint64_t sealed_batches;
	uint64_t failed_seals;
	uint64_t failed_frees;
	int last_error;
	uint64_t receipts;
	struct latency latency;
	struct latency critical_latency;
	uint64_t by_kind[SEALER_KINDS];
};

/* Since boot. */
uint64_t sealer_now_us(const struct sealer *s);
must_check int sealer_seal(struct sealer *s);
/* There is something to seal, from now on. */
void sealer_note_pending(struct sealer *s, bool critical);
/* The collector that ended without a goodbye, if there is one, has no successor to say what was lost. */
void sealer_declare_gone(struct sealer *s);
/* What the collector has said of its sensors, unless the log has it already. */
must_check int sealer_add_posture(struct sealer *s, struct span fields);
must_check int sealer_note(struct sealer *s, enum agent_what what, const char *detail);
/* One of the log's own entries, after a seal if the batch is full. */
must_check int sealer_add_own(struct sealer *s, enum entry_kind kind, struct span fields);
/* After sealing and after receipts: is the spool (nearly) full? */
must_check int sealer_watch_spool(struct sealer *s);
/* The same after the sink was restored: nothing in the spool continues what it has, and `gone` (count 0:
 * nothing) is not even there. */
must_check int sealer_restored_epoch(struct sealer *s, uint32_t above, const struct abandoned *gone);
/* Begin an epoch numbered above `above` and above all known ones. */
must_check int sealer_begin_epoch(struct sealer *s, enum epoch_cause cause, uint32_t above);

/* A mark in the state folder from start to goodbye, so that the next start knows how this one ended. */
must_check int running_set(const struct env *env, int state_fd, bool *ret_was_set);
must_check int running_clear(const struct env *env, int state_fd);

#endif

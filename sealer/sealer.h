/* The sealer's decisions: what goes into the log, when it is sealed, what a receipt or a conflict means. It
 * knows no socket.
 *
 * Every function takes the time from env. Functions that seal return -ENOTRECOVERABLE when the process must
 * end (the next start recovers), any other error is dealt with inside and shows in the status.
 */
#ifndef SWORNLOG_SEALER_SEALER_H
#define SWORNLOG_SEALER_SEALER_H

#include "evidence/fleet.h"
#include "evidence/intake.h"
#include "evidence/policy.h"
#include "evidence/statement.h"
#include "sealer/host_log.h"

struct sealer_options {
	struct host_log_options log;
	int state_fd; /* both folders stay the caller's */
	int spool_fd;
	const struct key *log_key;     /* the genesis statement's */
	const struct genesis *genesis; /* NULL: that key is not handed on */
	struct span first_checkpoint;  /* of the fleet's log, held before there is a receipt; empty: none */
	const struct policy *policy;   /* NULL: nobody has to witness anything */
	uint64_t witness_within_us;    /* a receipt that is not witnessed for longer is an alarm */
	const char *file_system;       /* of the spool, for the posture */
	uint64_t seal_interval_us;
	uint64_t heartbeat_us;
	uint64_t spool_max_bytes;
	/* Receipted batches stay for so long, as far as size and spool_max_bytes allow. */
	uint64_t keep_receipted_bytes;
	uint64_t keep_receipted_us;
};

struct sealer;

/* Recovers the log. `error` gets a sentence. */
must_check int sealer_open(const struct sealer_options *options, struct sealer **ret, char *error,
                           size_t error_size);
void sealer_close(struct sealer *s);

must_check int sealer_collector_connected(struct sealer *s);
must_check int sealer_collector_gone(struct sealer *s);
must_check int sealer_frame(struct sealer *s, const struct intake_frame *f);
/* True once after the log has forgotten the processes: the collector must connect anew and describe them
 * again. */
bool sealer_wants_reconnect(struct sealer *s);

/* *ret: what is known of the sink's answer, in words for the log; NULL when it was as expected. */
must_check int sealer_receipt(struct sealer *s, struct span receipt, const char **ret);
must_check int sealer_conflict(struct sealer *s, uint32_t epoch, uint64_t first, struct span conflict,
                               const char **ret);
must_check int sealer_refused(struct sealer *s, uint16_t status, struct span body, const char **ret);

/* Seal if it is time to. *ret_wait_us: until when nothing needs to be done. */
must_check int sealer_tick(struct sealer *s, uint64_t *ret_wait_us);
/* The process did not run for so long: an entry says so. */
must_check int sealer_stood_still(struct sealer *s, uint64_t for_us);
/* Goodbye: seal all, and say that silence is meant. */
must_check int sealer_stop(struct sealer *s);

/* Where the shipper is to go on, the newest sealed batch (first index; 0 and epoch 0 if none), and the fleet
 * head held. */
void sealer_ship_from(const struct sealer *s, uint32_t *ret_epoch, uint64_t *ret_first);
void sealer_newest(const struct sealer *s, uint32_t *ret_epoch, uint64_t *ret_first);
uint64_t sealer_held(const struct sealer *s);
/* How many times the fleet log has shown two histories: each is an attack, and kept in the spool. */
size_t sealer_histories(const struct sealer *s);

/* One JSON object, for people and `swornlog status`. */
void sealer_put_status(const struct sealer *s, struct buf *b);

#endif

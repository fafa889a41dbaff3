/* The host log's state, shared by the files that implement host_log.h. Nobody else includes it. */
#ifndef SWORNLOG_SEALER_HOST_LOG_STATE_H
#define SWORNLOG_SEALER_HOST_LOG_STATE_H

#include "sealer/host_log.h"

/* What a batch is made of before it is sealed. Plain values, so that a failed seal can be undone by copying
 * them back. */
struct pending {
	size_t raw_len;
	uint32_t count;
	struct frontier tree;
	struct account account;
	uint64_t oldest_us;
	bool critical;
};

struct host_log {
	struct host_log_options options;
	int state_fd;
	struct spool *spool;
	struct slots slots;
	char origin[ORIGIN_MAX + 1];

	/* The log as it is sealed, and the key that signs next. */
	struct slot now;
	struct buf epoch_body; /* for the first entry of an epoch that has none yet */
	uint64_t identity_us;  /* boot time of the identity key's last signature */

	struct pending pending;
	struct buf raw;
	struct clock_base clock;
	uint8_t seed[BATCH_SEED_BYTES];
	struct salter *salter;

	struct buf high_water;
	struct fleet_head fleet;
	bool has_posture;
	struct hash posture;
};

static inline const struct env *host_log_env(const struct host_log *l)
{
	return l->options.env;
}

/* The log as the slot has it, nothing pending. */
void host_log_adopt(struct host_log *l, const struct slot *s);
/* The first of a batch; of an epoch, its first entry. */
must_check int host_log_open_batch(struct host_log *l);
/* Take one encoded body, which begins at raw.data + at + 2, into the tree. -EMSGSIZE. */
must_check int host_log_take_body(struct host_log *l, size_t at);
void host_log_close_account(struct account *a);
/* Steps 3 to 5 of docs/format.md section 14: from here on there is no way back. `bytes` is the batch without
 * its signatures, `signs` the slot whose key signs it, `next` the state after it. Returns 0 or
 * -ENOTRECOVERABLE. */
must_check int host_log_finish(struct host_log *l, struct span bytes, const struct slot *signs,
                               const struct slot *next, struct spool_batch *row);
/* Pick up where an earlier run was stopped, or begin an epoch. */
must_check int host_log_recover(struct host_log *l);
/* Begin the epoch that `start` describes. `known`: the newest state of the log that is known, or NULL. */
must_check int host_log_begin_epoch(struct host_log *l, struct epoch_start *start, const struct slot *known);

#endif

/* The host log's writing end: gathers entries, and seals them into batches (docs/format.md sections 5, 6, 8
 * and 14).
 *
 * "Persist, then sign": host_log_seal goes through the steps of section 14, and host_log_open picks up
 * wherever an earlier run was stopped between them.
 */
#ifndef SWORNLOG_SEALER_HOST_LOG_H
#define SWORNLOG_SEALER_HOST_LOG_H

#include "evidence/seal.h"
#include "sealer/ledger.h"
#include "sealer/slots.h"
#include "sealer/spool.h"

struct host_log_options {
	const struct env *env;
	const char *fleet;
	const char *host;
	const struct signer *identity; /* outlives the log */
	const char *fleet_vkey;
	struct hash certificate;
	bool has_token; /* the host was enrolled under a join token: */
	struct hash token;
	struct hash config;
	uint8_t boot_id[16];
	enum pack_codec codec;
};

struct host_log;

/* Open the log in the state folder, over an open spool, and recover: finish a batch that was being sealed, or
 * begin an epoch if the state is lost or older than the spool. Neither descriptor nor spool is taken over. */
must_check int host_log_open(const struct host_log_options *options, int state_fd, struct spool *spool,
                             struct host_log **ret);
void host_log_close(struct host_log *l);

/* Begin a new epoch: entries not yet sealed are dropped and counted in the ledger. Of `start` the cause, the
 * newest receipted head and the abandoned batches are read, the rest is filled in. The new number is above
 * every known one and above `above`. */
must_check int host_log_new_epoch(struct host_log *l, struct epoch_start *start, uint32_t above,
                                  struct ledger *ledger);

uint32_t host_log_epoch(const struct host_log *l);
/* Entries sealed, and gathered since. */
uint64_t host_log_size(const struct host_log *l);
size_t host_log_pending(const struct host_log *l);
/* Account as of now, pending entries included. */
struct account host_log_account(const struct host_log *l);

/* Add an entry that happened at boot_us. Its time and place are filled in; e->time_us is not read. -ENOSPC:
 * the batch is full, seal first. -EMSGSIZE: the entry is over the limit for entries. *ret_index: its leaf
 * index. */
must_check int host_log_add(struct host_log *l, const struct entry *e, uint64_t boot_us, bool critical,
                            uint64_t *ret_index);
/* One of the agent's own entries, of which only the kind and the fields differ. */
must_check int host_log_add_agent(struct host_log *l, enum agent_what what, const char *detail);
must_check int host_log_add_fields(struct host_log *l, enum entry_kind kind, struct span fields);
void host_log_set_posture(struct host_log *l, struct span fields);
/* What the next seals say of the configuration. */
void host_log_set_config(struct host_log *l, const struct hash *config);
void host_log_count_filtered(struct host_log *l, uint64_t n);
/* The encoded array of per-CPU numbers for the next seals. */
must_check int host_log_set_high_water(struct host_log *l, struct span array);
void host_log_set_fleet_head(struct host_log *l, const struct fleet_head *head);

/* Seal what was added, with the ledger's losses, which are then cleared. Returns 0, or an error after which
 * the entries are still pending and nothing was signed (a full disk, say: try again later), or
 * -ENOTRECOVERABLE: stop the process; the next start recovers. */
must_check int host_log_seal(struct host_log *l, struct ledger *ledger);

#endif

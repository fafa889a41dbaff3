/* The entries that the log makes about itself (docs/format.md section 6): seal, epoch, loss, agent. */
#ifndef SWORNLOG_EVIDENCE_SEAL_H
#define SWORNLOG_EVIDENCE_SEAL_H

#include "evidence/entry.h"
#include "evidence/merkle.h"
#include "lib/ed25519.h"

struct account {
	uint64_t emitted;
	uint64_t stored;
	uint64_t filtered;
	uint64_t lost;
	uint64_t exactness; /* enum exactness, the worst so far */
};

struct clock_base {
	uint64_t boot_us;
	uint64_t wall_us;
	uint64_t error_us;
	uint64_t how;
};

struct fleet_head {
	uint64_t size; /* 0: none held */
	struct hash root;
	uint64_t generation; /* of the fleet log; 0 means 1 */
};

struct seal {
	uint64_t first;
	uint64_t count;
	uint8_t boot_id[16];
	struct clock_base clock;
	struct ed25519_public next_key;
	struct account account;
	struct span high_water; /* the encoded array; empty when writing means [] */
	bool has_posture;
	struct hash posture;
	struct hash config;
	struct fleet_head fleet;
};

/* Append the whole body of a seal entry; `time_us` from the clock base. */
void seal_put_body(struct buf *b, const struct seal *s, int64_t time_us);
/* From a parsed entry of KIND_SEAL. */
must_check int seal_parse(const struct entry *e, struct seal *ret);

enum epoch_cause {
	EPOCH_ENROLLED = 0,
	EPOCH_STATE_LOST = 1,
	EPOCH_ROLLED_BACK = 2,
	EPOCH_SINK_RESTORED = 3,
	EPOCH_REENROLLED = 4,
};
const char *epoch_cause_name(uint64_t cause);

struct epoch_head {
	uint64_t epoch; /* 0: not known */
	uint64_t size;
	struct hash root;
	bool has_size; /* size and root are known */
};

#define EPOCH_MAX_ABANDONED 64

struct abandoned {
	uint64_t epoch, first, count;
};

struct epoch_start {
	uint64_t epoch;
	uint64_t cause; /* enum epoch_cause */
	struct epoch_head predecessor;
	struct epoch_head receipted;
	struct ed25519_public first_key;
	struct span fleet_vkey;
	struct hash certificate;
	bool has_token;
	struct hash token;
	size_t abandoned_count;
	struct abandoned abandoned[EPOCH_MAX_ABANDONED];
	struct span version;
};

void epoch_put_body(struct buf *b, const struct epoch_start *s, int64_t time_us);
must_check int epoch_parse(const struct entry *e, struct epoch_start *ret);

struct loss {
	uint64_t reason;
	bool has_count;
	uint64_t count;
	uint64_t exactness;
	uint64_t kind; /* 0: any */
	bool has_since;
	uint64_t since_boot_us;
	struct span detail;
};

void loss_put_body(struct buf *b, const struct loss *l, int64_t time_us);
must_check int loss_parse(const struct entry *e, struct loss *ret);

/* Field keys of KIND_AGENT. */
enum agent_field {
	AGENT_WHAT = 0,
	AGENT_DETAIL = 1,
	AGENT_CONFIG_HASH = 2, /* of agent.yaml */
	AGENT_RULES_HASH = 3,  /* of the rules of collection */
	AGENT_RULES_TEXT = 4,
};

enum agent_what {
	AGENT_SEALER_STARTED = 0,
	AGENT_COLLECTOR_CONNECTED = 1,
	AGENT_COLLECTOR_GONE = 2,
	AGENT_COLLECTOR_GOODBYE = 3,
	AGENT_CONFIG_CHANGED = 4,
	AGENT_CONFLICT = 5,
	AGENT_SPOOL_NEARLY_FULL = 6,
	AGENT_SPOOL_USABLE = 7,
	AGENT_STALLED = 8, /* the sealer stood still */
	AGENT_RULES_REFUSED = 9,
	AGENT_UNWITNESSED = 10,
	AGENT_WITNESSED_AGAIN = 11,
	AGENT_NEW_GENERATION = 12, /* the sink was restored from a copy */
	AGENT_INCONSISTENT = 13,   /* the fleet log showed two histories: an attack */
};
const char *agent_what_name(uint64_t what);
void agent_put_body(struct buf *b, enum agent_what what, struct span detail, int64_t time_us);

#endif

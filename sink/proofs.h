/* Proofs over the fleet log, remembered while its size stays: the hosts of one commit ask for the same few.
 */
#ifndef SWORNLOG_SINK_PROOFS_H
#define SWORNLOG_SINK_PROOFS_H

#include "sink/fleet_log.h"

#define PROOFS_KEPT 32

struct proof {
	bool consistency; /* from size `from`; else the inclusion of entry `from` */
	uint64_t from;
	size_t len;
	struct hash path[MERKLE_MAX_PROOF];
};

struct proofs {
	uint64_t size; /* of the log that they are about */
	size_t next, count;
	struct proof row[PROOFS_KEPT];
};

/* At the log's present size; valid until the next call. from <= size for consistency, from < size for
 * inclusion. */
must_check int proofs_get(struct proofs *p, struct fleet_log *log, bool consistency, uint64_t from,
                          const struct proof **ret);

#endif

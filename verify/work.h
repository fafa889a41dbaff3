/* One batch on its way through the checks of its host. */
#ifndef SWORNLOG_VERIFY_WORK_H
#define SWORNLOG_VERIFY_WORK_H

#include "verify/host.h"

struct work {
	struct hosts *hosts;
	struct log_host *host;
	struct log_epoch *epoch;
	struct place at;
	const struct batch *batch;
	struct account before;           /* of the seal before this one */
	struct ed25519_public sealed_by; /* the key that the chain named for this batch */
	struct chain_result result;
	int trouble; /* -ENOMEM, met where an entry is looked at */
};

void work_find(struct work *w, enum verdict v, const char *why);
/* At one entry of the batch. */
void work_find_at(struct work *w, uint64_t index, enum verdict v, const char *why);

/* host_seal.c: what the seal entry says, once the chain has found the batch good. -EIO, -ENOMEM. */
must_check int work_seal(struct work *w);

#endif

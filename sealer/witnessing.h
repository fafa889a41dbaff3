/* Are this host's receipts covered by witnessed checkpoints in time? Counts sizes and times, reads nothing.
 */
#ifndef SWORNLOG_SEALER_WITNESSING_H
#define SWORNLOG_SEALER_WITNESSING_H

#include "lib/base.h"

#define WITNESSING_MARKS 32

/* Receipts of about one moment: waiting since the first, covered with the last. */
struct witnessing_mark {
	uint64_t since_us;
	uint64_t size;
};

struct witnessing {
	uint64_t within_us;
	uint64_t size; /* of the newest checkpoint that has the policy's quorum */
	struct witnessing_mark mark[WITNESSING_MARKS]; /* what is not covered, oldest first */
	size_t count;
	bool late;
};

enum witnessing_change { WITNESSING_SAME, WITNESSING_LATE, WITNESSING_AGAIN };

void witnessing_init(struct witnessing *w, uint64_t within_us);
/* A receipt has come, for a commit that is among the first `size` entries of the fleet log. */
void witnessing_receipt(struct witnessing *w, uint64_t size, uint64_t now_us);
/* A checkpoint of that size has come with enough cosignatures. */
void witnessing_covered(struct witnessing *w, uint64_t size);
/* What has changed since the last look. */
enum witnessing_change witnessing_look(struct witnessing *w, uint64_t now_us);

#endif

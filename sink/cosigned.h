/* One checkpoint of the fleet log, and the cosignatures that come in for it. */
#ifndef SWORNLOG_SINK_COSIGNED_H
#define SWORNLOG_SINK_COSIGNED_H

#include "evidence/policy.h"

struct cosigned {
	const struct policy *policy; /* the caller's, as is the key */
	const struct key *log;
	uint64_t size;
	struct buf note;    /* the log's line, then those of witnesses */
	uint32_t witnesses; /* bit i: witness i has cosigned */
	bool quorum;
};

void cosigned_init(struct cosigned *c, const struct policy *policy, const struct key *log);
void cosigned_done(struct cosigned *c);
/* Begin with a checkpoint that is signed by the log, with whatever lines it has. -EBADMSG, -ENOKEY: it is
 * not, or a known line does not verify. After an error nothing is held (size 0). */
must_check int cosigned_begin(struct cosigned *c, struct span note);
/* Add witness i's line, with its newline. 1: it is news; 0: it was there; -EBADMSG: it is not that witness's
 * line on this checkpoint, or does not verify: nothing has changed. */
must_check int cosigned_add(struct cosigned *c, size_t witness, struct span line);

#endif

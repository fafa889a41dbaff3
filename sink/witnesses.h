/* The sink's dealings with the witnesses of its policy: what they hold before the first signature,
 * cosignatures for what is published, and what it means when they hold something else (docs/format.md 9 and
 * 16).
 *
 * Publication waits for the policy's quorum, but not for long, and not again while there is none; nothing
 * else ever waits for a witness.
 */
#ifndef SWORNLOG_SINK_WITNESSES_H
#define SWORNLOG_SINK_WITNESSES_H

#include "sink/core.h"
#include "sink/witness_process.h"

struct witnesses;

enum witnesses_verdict {
	WITNESSES_FINE,
	WITNESSES_BEHIND,  /* a witness holds a checkpoint of this log beyond the store */
	WITNESSES_DIFFER,  /* one holds a checkpoint that the store contradicts */
	WITNESSES_TOO_FEW, /* no quorum's worth answered in time */
};

struct witnesses_options {
	uint64_t patience_us; /* for the first question */
	bool start_without;   /* go on where too few have answered */
	struct witness_http_options http;
};

/* Start the process. To be called before there are keys or sockets; policy and key outlive it. */
must_check int witnesses_start(const struct witnesses_options *o, const struct policy *policy,
                               const struct key *log, struct witnesses **ret);
void witnesses_free(struct witnesses *w);

/* Ask all for their latest checkpoint, and compare. Blocks for at most the patience. `error` gets a sentence
 * unless all is fine; `detail` the words for the entry that says that the sink has started. Takes up what is
 * published with its cosignatures, and makes receipts speak of witnesses. */
must_check int witnesses_ask(struct witnesses *w, struct core *core, enum witnesses_verdict *ret,
                             struct buf *detail, char *error, size_t error_size);

/* For the event loop: readable when there is something to do. */
int witnesses_fd(const struct witnesses *w);
/* Take what the process has said. -EPIPE: it is gone. -ESTALE: a witness holds a checkpoint by this log's own
 * key that does not fit the store: nothing may be signed any more. */
must_check int witnesses_read(struct witnesses *w, struct core *core);
/* The process is gone: publish without it. */
void witnesses_lost(struct witnesses *w);
/* Publish what is due, and offer what is new. Errors are the disk's. */
must_check int witnesses_publish(struct witnesses *w, struct core *core);
/* At the end: offer what is newest, wait for the quorum for a moment, and publish. Blocks. */
must_check int witnesses_finish(struct witnesses *w, struct core *core);
/* Append one JSON object. */
void witnesses_put_status(const struct witnesses *w, const struct core *core, struct buf *b);

#endif

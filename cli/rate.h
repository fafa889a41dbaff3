/* Counts of what a feed brought within one second, as a line for a person or a JSON object. */
#ifndef SWORNLOG_CLI_RATE_H
#define SWORNLOG_CLI_RATE_H

#include "evidence/seal.h"
#include "cli/event_text.h"

#define RATE_KINDS 256

struct rate {
	uint64_t kind[RATE_KINDS]; /* the last one: any other */
	uint64_t events;           /* kinds 16 and above */
	uint64_t entries;
	uint64_t batches;
	uint64_t commits;  /* of a store */
	uint64_t receipts; /* of a spool */
	uint64_t lost;     /* by loss entries */
	uint64_t lag_us;   /* the most that a batch was behind its seal's wall time */
};

void rate_event(struct rate *r, const struct event *e);
void rate_batch(struct rate *r, const struct seal *seal, uint64_t now_wall_us);
/* Without newline. `us`: how long it was counted. */
void rate_put_line(struct buf *b, const struct rate *r, uint64_t us);
/* With newline. */
void rate_put_json(struct buf *b, const struct rate *r, uint64_t us, uint64_t now_wall_us);

#endif

/* How the shipper is doing, as JSON for people and `swornlog status`. */
#ifndef SWORNLOG_SHIPPER_STATUS_H
#define SWORNLOG_SHIPPER_STATUS_H

#include "shipper/shipper.h"

struct status {
	unsigned http;               /* of the newest answer; 0: none came */
	uint64_t good_us;            /* when a receipt came last; 0: never */
	int64_t certificate_until_s; /* when the host's certificate ends, since 1970; 0: not known */
	char said[512];              /* what the newest failed request gave; empty after a good one */
};

/* `what` stands for a failure in words. */
void status_answer(struct status *s, unsigned http, const char *what, uint64_t now_us);
void status_put(struct buf *b, const struct status *s, const struct shipper *shipper, uint64_t now_us);
/* Replace <run>/shipper.status. Not durable on purpose: it says how things are now. */
must_check int status_write(const struct status *s, const struct shipper *shipper, int run_fd,
                            uint64_t now_us);

#endif

/* The connection to the sealer: where to ship from comes in, receipts and conflicts go out. */
#ifndef SWORNLOG_SHIPPER_RECEIPTS_H
#define SWORNLOG_SHIPPER_RECEIPTS_H

#include "evidence/uplink.h"

struct receipts {
	int fd; /* -1: not connected */
	struct buf in;
	size_t used; /* of `in`: parsed already */
};

/* Does not block. -ENOENT, -ECONNREFUSED: the sealer is not there (yet). */
must_check int receipts_connect(struct receipts *r, const char *path);
void receipts_close(struct receipts *r);
/* Take in what has arrived, without waiting. -EPIPE: the sealer is gone. */
must_check int receipts_read(struct receipts *r);
/* The next whole message. 1, 0 if there is none, -EBADMSG. `ret` points into `r`, until the next read. */
must_check int receipts_next(struct receipts *r, struct uplink_message *ret);
/* Send all, waiting up to ten seconds. -ETIMEDOUT, -EPIPE, ...: close the connection then. */
must_check int receipts_send(struct receipts *r, struct span bytes);

#endif

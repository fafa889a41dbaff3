/* The sealer's sockets and timer: the collector's events in, the shipper's receipts in and nudges out. */
#ifndef SWORNLOG_SEALER_SERVER_H
#define SWORNLOG_SEALER_SERVER_H

#include "sealer/sealer.h"

struct server_options {
	int events_fd; /* listening sockets; taken over */
	int receipts_fd;
	uid_t collector_uid; /* beside root and the own uid, the only peers taken */
	uid_t shipper_uid;
	int run_fd; /* folder of sealer.status; stays the caller's */
};

/* Serve until SIGTERM or SIGINT, then seal a goodbye and wait a moment for its receipt. Returns 0, or
 * -ENOTRECOVERABLE when the log must be opened anew. The reason is logged. */
must_check int server_run(const struct server_options *options, struct sealer *sealer);

#endif

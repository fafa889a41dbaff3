/* What became of each day of a host: for the picture of hosts and days. A day is one of UTC, by the sink's
 * clock where there are commits, else by the host's. */
#ifndef SWORNLOG_VERIFY_DAYS_H
#define SWORNLOG_VERIFY_DAYS_H

#include "lib/buf.h"

#define DAYS_KEPT 4096 /* of a host; days beyond are passed over */
#define DAY_US    ((uint64_t)86400 * 1000000)

struct day {
	uint32_t number; /* days since 1970-01-01 */
	uint64_t entries;
	uint32_t verdicts; /* 1 << enum verdict */
	bool new_key;      /* an epoch above 1 began, or the identity key changed */
};

struct days {
	struct day *day; /* ascending */
	size_t len, cap;
	size_t today; /* its place and one, of the day that findings are marked in; 0: none */
};

/* A zeroed one is empty. */
void days_done(struct days *d);
/* From here on it is that day. -ENOMEM. */
must_check int days_turn(struct days *d, uint64_t time_us);
/* None any more. */
void days_end(struct days *d);
/* Of today; NULL if it is none. */
struct day *days_today(const struct days *d);
/* "2026-11-24" */
void day_put(struct buf *b, uint32_t number);
/* Mark each day from one time to the other; today is none then. -ENOMEM. */
must_check int days_mark(struct days *d, uint64_t from_us, uint64_t to_us, uint32_t verdicts);

#endif

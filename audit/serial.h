/* Counts audit serial numbers that never came.
 *
 * A gap is a hint, not a proof: the kernel numbers some events that it then does not log, and what it drops
 * before numbering leaves no gap. Numbers come out of order, so a gap is counted once it has stayed open for
 * a while. Pure: numbers and a time in.
 */
#ifndef SWORNLOG_AUDIT_SERIAL_H
#define SWORNLOG_AUDIT_SERIAL_H

#include "lib/base.h"

#define AUDIT_SERIAL_GAPS 64
/* A jump beyond this, either way, is a new series (another machine's log, a restored snapshot), not a gap. */
#define AUDIT_SERIAL_MAX_JUMP (1U << 20)

struct audit_serial_gap {
	uint32_t first;
	uint32_t count;
	uint64_t since_us;
};

/* Zeroed is the start. */
struct audit_serial {
	bool started;
	uint32_t highest; /* of the numbers seen, roll-over taken into account */
	size_t open;
	struct audit_serial_gap gaps[AUDIT_SERIAL_GAPS];
	uint64_t missing; /* numbers given up, cumulative */
	uint64_t restarts;
};

void audit_serial_seen(struct audit_serial *s, uint32_t serial, uint64_t now_us);
/* Give up every gap that opened at `before_us` or earlier. */
void audit_serial_expire(struct audit_serial *s, uint64_t before_us);

#endif

/* What the registrar hands out (docs/format.md section 20): all that a host needs, or its new certificate. */
#ifndef SWORNLOG_EVIDENCE_GRANT_H
#define SWORNLOG_EVIDENCE_GRANT_H

#include "lib/buf.h"
#include "lib/cursor.h"

#define GRANT_PART_MAX  65536
#define GRANT_MAX_BYTES (5 * (GRANT_PART_MAX + 32))

struct grant {
	struct span enrol; /* the enrolment statement; empty in an answer to a renewal, as are those below */
	struct span certificate; /* PEM, the host's first */
	struct span ca;          /* PEM, one certificate */
	struct span genesis;
	struct span policy; /* empty where the fleet has none */
};

void grant_put(struct buf *b, const struct grant *g);
/* Splits it; the parts are not looked at, and point into the bytes. */
must_check int grant_parse(struct span bytes, struct grant *ret);

#endif

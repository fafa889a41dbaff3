/* Has the check that a sin names caught it? */
#ifndef SWORNLOG_DRILL_LOOK_H
#define SWORNLOG_DRILL_LOOK_H

#include "drill/sin.h"
#include "verify/report.h"

#define LOOK_WHAT_MAX 640

/* What is looked at. */
struct look {
	const char *path; /* of the store or spool */
	struct span anchor;
	uint64_t before[VERDICT_COUNT]; /* findings that were there without any sin */
};

struct look_answer {
	bool seen;                /* by the check that the sin names */
	bool faults;              /* verification finds faults that were not there before */
	char what[LOOK_WHAT_MAX]; /* the finding, or what was found instead; may be empty */
};

/* Count what is found already. */
must_check int look_before(struct look *l);
must_check int look_at(const struct look *l, const struct act *a, struct look_answer *ret);

#endif

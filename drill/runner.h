/* Commits sins, each beside a control run without it, and sees whether the named check catches it in time. */
#ifndef SWORNLOG_DRILL_RUNNER_H
#define SWORNLOG_DRILL_RUNNER_H

#include "drill/look.h"

enum outcome {
	OUTCOME_PENDING,
	OUTCOME_CAUGHT,
	OUTCOME_MISSED,     /* or too late */
	OUTCOME_NOISY,      /* the control run was not quiet */
	OUTCOME_IMPOSSIBLE, /* can't be committed here: `what` says why */
	OUTCOME_FAILED,     /* should have been possible */
	OUTCOME_COUNT,
};
const char *outcome_name(enum outcome o);
/* Of the whole drill: nothing missed, noisy or failed. */
bool outcome_is_good(enum outcome o);

struct result {
	const struct sin *sin;
	enum outcome outcome;
	uint32_t caught_ms;       /* from the sin to its discovery */
	char what[LOOK_WHAT_MAX]; /* the finding, or what was there instead */
};

struct drill {
	const char *store;     /* sins are committed on copies of this one; NULL: of a scratch fleet */
	struct span anchor;    /* of that store */
	const char *folder;    /* an empty one, for everything that is made */
	unsigned jobs;         /* processes at the same time that run sins */
	struct result *result; /* with `sin` set */
	size_t count;
};

/* Runs all, and fills in the results. `told` is called when one is known. 0; -EINTR when a signal asked to
 * end: then what is not known yet stays OUTCOME_PENDING. */
must_check int drill_run(const struct drill *d, void (*told)(void *ctx, const struct result *r), void *ctx);

#endif

/* The lines of an explanation: what each step of a proof says, and how it stands. For explain.c alone. */
#ifndef SWORNLOG_CLI_EXPLAIN_LINES_H
#define SWORNLOG_CLI_EXPLAIN_LINES_H

#include "cli/explain.h"

#define EXPLANATION_LINES 16

enum line_state { PROVEN, FAILED, OPEN };

struct line {
	enum line_state state;
	const char *part;
	struct buf words;
};

struct explanation {
	struct line line[EXPLANATION_LINES];
	size_t count;
};

void explanation_done(struct explanation *a);
/* A zeroed one is filled; each step up to the one that fails has a line, and the witnesses theirs. */
void explanation_make(struct explanation *a, const struct proof_view *v);

#endif

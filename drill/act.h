/* One run of one sin, or of its control: the same steps without the sin. */
#ifndef SWORNLOG_DRILL_ACT_H
#define SWORNLOG_DRILL_ACT_H

#include "drill/workspace.h"
#include "evidence/key.h"

#define ACT_WHY_MAX  240
#define ACT_WORD_MAX 160

struct scratch;
struct sin;

struct act {
	const struct sin *sin;
	bool sinful;                    /* false: the control run */
	struct workspace *work;         /* a store's or spool's; NULL for sins on processes */
	const struct signer *log;       /* the sink's key; NULL: nobody has it */
	struct scratch *fleet;          /* a fleet of its own; NULL for sins on copies */
	char place[WORKSPACE_PATH_MAX]; /* the file that the finding must name; empty: any */
	char host[LABEL_MAX + 1];       /* the host that the finding must be about; empty: any */
	unsigned status;                /* what the sink answered the sinner, where it was asked */
	char word[ACT_WORD_MAX];
	void (*undo)(struct act *a); /* to be called when it was looked at; NULL: nothing to undo */
	char why[ACT_WHY_MAX];       /* why it could not be done */
};

/* Why the sin can't be committed here, in words. Returns -ENOTSUP. */
must_check int act_impossible(struct act *a, const char *fmt, ...) printf_like(2, 3);
/* It should have been possible: the same for an error, which is returned. */
must_check int act_failed(struct act *a, int error, const char *fmt, ...) printf_like(3, 4);
/* The same where `r` is negative; else 0. */
must_check int act_step(struct act *a, int r, const char *what);

#endif

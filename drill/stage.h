/* Where sins on copies are committed: a store and a spool, made by a scratch fleet that ran and ended, or a
 * copy of a store from elsewhere. */
#ifndef SWORNLOG_DRILL_STAGE_H
#define SWORNLOG_DRILL_STAGE_H

#include "drill/look.h"
#include "evidence/key.h"
#include "lib/buf.h"

struct stage {
	struct workspace store;
	struct workspace spool; /* of a scratch fleet only */
	struct buf anchor;
	struct signer *log; /* likewise */
	bool scratch;
	struct look store_look;
	struct look spool_look;
	char why[ACT_WHY_MAX]; /* what went wrong */
};

/* Run a fleet of two hosts below `folder` until it has some commits, end it, and copy what it left. */
must_check int stage_make(struct stage *s, const char *folder);
/* Copy a store. It is only read. */
must_check int stage_copy(struct stage *s, const char *store, struct span anchor, const char *folder);
void stage_done(struct stage *s);
#define cleanup_stage cleanup(stage_done)

#endif

/* Whose request is checked next, and when what was gathered is committed. */
#ifndef SWORNLOG_SINK_SCHEDULE_H
#define SWORNLOG_SINK_SCHEDULE_H

#include "sink/server.h"

must_check int schedule_init(struct server *s);
void schedule_done(struct server *s);
/* The peer's request is whole: check it, batch by batch, in turn with others. */
void schedule_add(struct server *s, struct peer *p);
/* The peer is gone. What it appended stays. */
void schedule_forget(struct server *s, struct peer *p);
/* Commit now, and answer all who wait for it. */
void schedule_commit(struct server *s);
/* The core committed for another reason: answer all who waited. */
void schedule_settle(struct server *s, int r);

#endif

/* Feeds a recorded audit.log in steps, for hosts where the kernel's own stream can't be had. */
#ifndef SWORNLOG_COLLECTOR_AUDIT_REPLAY_H
#define SWORNLOG_COLLECTOR_AUDIT_REPLAY_H

#include "audit/feed.h"

struct audit_replay;

/* Errors of opening the file; -ENOMEM. The feed must outlive the replay. */
must_check int audit_replay_open(const char *path, struct audit_feed *feed, struct audit_replay **ret);
/* Takes NULL. */
void audit_replay_free(struct audit_replay *r);
/* Feed up to `max_lines` lines, each as if it came at `now_us`. Lines that are not records are counted as
 * malformed and declared by the feed. Returns the number fed; 0 at the end, when everything under way has
 * been let go; or a negative errno of reading. */
must_check ssize_t audit_replay_read(struct audit_replay *r, size_t max_lines, uint64_t now_us);

#endif

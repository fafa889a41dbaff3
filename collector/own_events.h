/* The agent's own file events in its own folders: left out, or each seal would make work for the next.
 *
 * Nothing else of the agent is left out, and what is left out is counted.
 */
#ifndef SWORNLOG_COLLECTOR_OWN_EVENTS_H
#define SWORNLOG_COLLECTOR_OWN_EVENTS_H

#include "collector/file_event.h"
#include "collector/process_table.h"

#define OWN_PROCESSES_MAX 16
#define OWN_DIRS_MAX      8

/* Zeroed: nothing is the agent's own. */
struct own_events {
	struct process_key processes[OWN_PROCESSES_MAX];
	size_t process_count;
	const char *dirs[OWN_DIRS_MAX]; /* the caller's: absolute, without a slash at the end */
	size_t dir_count;
};

/* -EINVAL unless absolute and without "." and ".." components; -E2BIG. */
must_check int own_events_add_dir(struct own_events *o, const char *dir);
/* The oldest gives way where there are too many. */
void own_events_add_process(struct own_events *o, struct process_key key);
void own_events_forget_processes(struct own_events *o);

/* True if that process is the agent's. */
bool own_events_is_process(const struct own_events *o, struct process_key process);
/* True if an event of that process is to be left out: all its paths lie in the agent's folders. A path in
 * which the caller's string may climb out ("..") does not. */
bool own_events_match(const struct own_events *o, struct process_key actor, const struct file_event *e);

#endif

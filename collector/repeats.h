/* Events that repeat one that was told a short time ago: counted, and told together later.
 *
 * Two events are the same if process, kind and all fields are. Bounded: when there are too many to remember,
 * the oldest are told.
 */
#ifndef SWORNLOG_COLLECTOR_REPEATS_H
#define SWORNLOG_COLLECTOR_REPEATS_H

#include "collector/process_table.h"

#define REPEATS_MAX       4096
#define REPEATS_BYTES_MAX ((size_t)4 << 20)

/* So many events of this kind, after the one whose fields these are. */
struct repeated {
	struct process_key actor;
	uint16_t kind;
	uint8_t sensors;
	uint64_t process;           /* number under which the first was told; INTAKE_NO_PROCESS: look it up */
	uint64_t count;             /* at least 1 */
	uint64_t first_us, last_us; /* boot time */
	struct span fields;
};

struct repeats_config {
	uint64_t interval_us;
	void (*tell)(void *context, const struct repeated *r);
	void *context;
};

struct repeats;

/* -ENOMEM. */
must_check int repeats_new(const struct repeats_config *config, struct repeats **ret);
/* Takes NULL. Nothing is told. */
void repeats_free(struct repeats *r);

void repeats_set_interval(struct repeats *r, uint64_t interval_us);
/* True if it repeats one that was told: it is counted here, and not to be told now. Without memory false. */
must_check bool repeats_take(struct repeats *r, struct process_key actor, const struct intake_event *event);
/* Tell what was counted for an interval. */
void repeats_tick(struct repeats *r, uint64_t now_us);
/* Tell what that process did: it ends, or becomes another program. */
void repeats_end(struct repeats *r, struct process_key actor);
/* Tell all. */
void repeats_flush(struct repeats *r);
/* How many were counted and not told yet. */
uint64_t repeats_untold(const struct repeats *r);
/* The numbers of processes mean nothing any more. */
void repeats_undescribe(struct repeats *r);

#endif

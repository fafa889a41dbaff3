/* The collector's end of the pipe to the sealer: bounded, never blocking, and accounting for every event.
 *
 * An event that finds no room is lost, and its loss is declared as soon as there is room again. When the
 * sealer goes away, what had not left is lost too, and the outlet begins a new stream: from then on events
 * gather again until somebody listens.
 */
#ifndef SWORNLOG_COLLECTOR_OUTLET_H
#define SWORNLOG_COLLECTOR_OUTLET_H

#include "evidence/intake.h"

#define OUTLET_QUEUE_BYTES ((size_t)4 << 20)
/* Of an event's field map; an entry must still hold what the sealer adds. */
#define OUTLET_FIELDS_MAX (ENTRY_BODY_MAX - 128)

struct outlet_config {
	const char *path;   /* of the sealer's socket, the caller's; NULL: outlet_connect_fd() only */
	size_t queue_bytes; /* 0: OUTLET_QUEUE_BYTES */
	/* The stream begins anew, empty: processes must be described again, own processes are not known. May
	 * not call the outlet back. */
	void (*on_restart)(void *context);
	/* The sealer says that this process is the agent's. */
	void (*on_own_process)(void *context, uint32_t pid);
	void *context;
};

struct outlet;

/* -ENOMEM. */
must_check int outlet_new(const struct outlet_config *config, struct outlet **ret);
/* Takes NULL. What is queued is gone. */
void outlet_free(struct outlet *o);

/* An event that was made. False if it was lost: counted, and declared later. */
bool outlet_put(struct outlet *o, const struct intake_event *event);
/* Events that were made and left out on purpose. */
void outlet_filter(struct outlet *o, uint64_t n);
/* A loss that happened before the outlet. Each EXACT one is `count` events that were made. */
void outlet_lose(struct outlet *o, const struct intake_loss *loss);
/* Sent at once, and first of all in every later stream. The map is copied. -ENOMEM. */
must_check int outlet_set_posture(struct outlet *o, struct span map);
/* Told as soon as there is room, and again in every later stream. The text is copied. -ENOMEM. */
must_check int outlet_set_rules(struct outlet *o, const struct intake_rules *rules);
/* Rules that were not put in force: told once. False if there was no room. */
must_check bool outlet_refuse_rules(struct outlet *o, const struct intake_rules *rules);
/* The end of a burst: declare losses and send the account, if there is news and room. `counts` holds cpus and
 * high-water marks; the rest is filled in. */
void outlet_settle(struct outlet *o, struct intake_counts *counts);
void outlet_goodbye(struct outlet *o);
/* Before anything else is put: this collector goes on where the one before has ended. */
void outlet_resumed(struct outlet *o);
/* Of the events and exact losses that were put, and of what was filtered, how many at most are not yet in the
 * sealer's socket. */
uint64_t outlet_undelivered(const struct outlet *o);

/* Connect where there is no connection and the back-off is over. */
void outlet_tick(struct outlet *o, uint64_t now_us);
/* Speak over this socket from now on: taken over, made non-blocking. */
void outlet_connect_fd(struct outlet *o, int fd);
/* -1 without a connection. Changes in any call. */
int outlet_fd(const struct outlet *o);
bool outlet_wants_write(const struct outlet *o);
/* Write what the socket takes, read what the sealer says. */
void outlet_ready(struct outlet *o);

/* Cumulative: emitted = filtered + lost + sent, where lost counts what is not declared yet too. */
struct outlet_totals {
	uint64_t emitted, filtered, lost, sent;
};
struct outlet_totals outlet_totals(const struct outlet *o);
size_t outlet_queued(const struct outlet *o);

#endif

/* The way from audit records to events and declared losses, whatever the records come from.
 *
 * An event either reaches on_event or is named in an EXACT loss; both add one to what the sensors emitted.
 * All other losses are bounds, because audit counts records where an event may have several, and numbers
 * events that it never logs.
 */
#ifndef SWORNLOG_AUDIT_FEED_H
#define SWORNLOG_AUDIT_FEED_H

#include "audit/event.h"
#include "lib/redact.h"

struct audit_feed_config {
	struct audit_event_config event;
	struct redact *const
	        *redact;     /* what it points to is looked up for each event; NULL: nothing is replaced */
	uint64_t timeout_us; /* 0: the assembler's own */
	uint64_t settle_us;
	bool recorded;       /* from a log daemon's file: see the assembler */
	uint64_t declare_us; /* bounded losses are gathered this long before they are declared; 0: 5 s */
	/* The argument is valid during the call. Neither may call the feed back. */
	void (*on_event)(void *context, const struct intake_event *event);
	void (*on_loss)(void *context, const struct intake_loss *loss);
	/* Looks at each event first; true: it is taken, on_event does not get it. NULL: nobody looks. */
	bool (*on_assembled)(void *context, const struct audit_assembled *event);
	void *context;
};

struct audit_feed;

/* -ENOMEM. */
must_check int audit_feed_new(const struct audit_feed_config *config, struct audit_feed **ret);
/* Takes NULL. Flush first. */
void audit_feed_free(struct audit_feed *f);

/* What to take from the kernel's wall clock stamps to get boot time; 0 until set. */
void audit_feed_set_clock(struct audit_feed *f, int64_t wall_minus_boot_us);
void audit_feed_push(struct audit_feed *f, uint16_t type, struct span text, uint64_t now_us);
/* Ends what has waited long enough and declares gathered losses. Call every 100 ms or so while records come.
 */
void audit_feed_tick(struct audit_feed *f, uint64_t now_us);
/* Ends everything and declares everything. */
void audit_feed_flush(struct audit_feed *f, uint64_t now_us);
/* Declare a loss that the caller noticed, now. `detail` is ASCII and at most 255 bytes. */
void audit_feed_lose(struct audit_feed *f, enum loss_reason reason, enum exactness exactness, uint64_t count,
                     uint64_t since_us, const char *detail);
/* True while an event or a gap waits for its time: tick soon. */
bool audit_feed_waiting(const struct audit_feed *f);
struct audit_assembler_stats audit_feed_stats(const struct audit_feed *f);

#endif

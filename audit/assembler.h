/* Puts the records of the kernel's audit stream together into events.
 *
 * An event's records carry one stamp (milliseconds, serial) and mix with other events' records. What ends an
 * event: its EOE record; for a record of user space, itself; for a kernel record outside a system call's
 * event, a short quiet; for the rest a time-out. Pure: bytes and a time in, events out by callback. Memory is
 * bounded; what is evicted or dropped is counted.
 */
#ifndef SWORNLOG_AUDIT_ASSEMBLER_H
#define SWORNLOG_AUDIT_ASSEMBLER_H

#include "audit/record.h"

/* More than an entry can hold: the event is cut to whole records later, where the limit is known. */
#define AUDIT_EVENT_MAX_BYTES   ((size_t)64 << 10)
#define AUDIT_EVENT_MAX_RECORDS 256

enum audit_end {
	AUDIT_END_SINGLE,  /* one record of user space */
	AUDIT_END_EOE,     /* the kernel's end mark */
	AUDIT_END_SETTLED, /* a kernel record that no system call record followed */
	AUDIT_END_TIMEOUT, /* part of a system call's event, the end mark did not come */
	AUDIT_END_EVICTED, /* too many events or bytes under way: this one was the oldest */
	AUDIT_END_FLUSHED, /* the assembler was told to let go */
	AUDIT_END_TITLE,   /* the last record that the kernel writes before the end mark, which is left out */
};

struct audit_line {
	uint16_t type;
	struct span text; /* byte for byte, stamp included */
};

/* Valid during the callback. */
struct audit_assembled {
	struct audit_stamp stamp; /* zeros if malformed */
	const struct audit_line *lines;
	size_t count;   /* 1 to AUDIT_EVENT_MAX_RECORDS */
	size_t dropped; /* further records of this event, beyond its limits */
	enum audit_end end;
	bool incomplete;   /* ended by time-out, eviction or flush where more records were to come */
	bool malformed;    /* its one record has no stamp */
	bool redacted;     /* by audit_redact(): marks stand in the lines */
	uint64_t first_us; /* `now` at its first record */
};

struct audit_assembler_config {
	uint64_t timeout_us; /* 0: 2 s */
	uint64_t settle_us;  /* 0: 100 ms */
	size_t max_events;   /* 0: 256 */
	size_t max_bytes;    /* 0: 4 MiB */
	/* The records come from a log daemon's file. auditd leaves the end marks out of it: until one was
	 * seen, PROCTITLE ends an event, and silence is no sign of missing records. */
	bool recorded;
	/* Must not call the assembler back. */
	void (*on_event)(void *context, const struct audit_assembled *event);
	void *context;
};

/* Cumulative. events = the sum over the ways to end. Once nothing is under way, records = those given out in
 * events + eoe + dropped_records + oversize + lost_events. */
struct audit_assembler_stats {
	uint64_t records;
	uint64_t eoe;
	uint64_t events;
	uint64_t ended[AUDIT_END_TITLE + 1];
	uint64_t incomplete;
	uint64_t malformed;       /* records without a stamp, each an event of its own */
	uint64_t lone_eoe;        /* end marks of events that were not under way */
	uint64_t dropped_records; /* beyond an event's limits; the event says how many */
	uint64_t oversize;        /* records longer than AUDIT_RECORD_MAX_BYTES, not kept */
	uint64_t lost_events;     /* no memory for an event's first record */
	uint64_t missing_serials;
};

struct audit_assembler;

/* -ENOMEM. */
must_check int audit_assembler_new(const struct audit_assembler_config *config, struct audit_assembler **ret);
/* What is under way is lost unless it was flushed. Takes NULL. */
void audit_assembler_free(struct audit_assembler *a);
#define cleanup_audit_assembler cleanup(audit_assembler_freep)
void audit_assembler_freep(struct audit_assembler **a);

/* One record; `text` is copied. The callback may run from here, not always for this record's event. `now_us`
 * never goes back. */
void audit_assembler_push(struct audit_assembler *a, uint16_t type, struct span text, uint64_t now_us);
/* End what has waited long enough: call at least every settle_us while audit_assembler_waiting(). */
void audit_assembler_tick(struct audit_assembler *a, uint64_t now_us);
/* End everything, oldest first. */
void audit_assembler_flush(struct audit_assembler *a, uint64_t now_us);
bool audit_assembler_waiting(const struct audit_assembler *a);
struct audit_assembler_stats audit_assembler_stats(const struct audit_assembler *a);

#endif

/* Watches the audit system's state through a socket of its own, so that the answers come when the stream of
 * records is jammed. Never blocks after it was opened. */
#ifndef SWORNLOG_COLLECTOR_AUDIT_WATCH_H
#define SWORNLOG_COLLECTOR_AUDIT_WATCH_H

#include "collector/audit_netlink.h"
#include "collector/audit_rule.h"
#include "lib/digest.h"

/* What a new status says compared with the one before. */
enum audit_change {
	AUDIT_CHANGE_NONE,
	AUDIT_CHANGE_LOST,  /* the kernel lost records */
	AUDIT_CHANGE_RESET, /* its counter went back: somebody reset it, and with it what it said */
};

struct audit_watch {
	int fd; /* -1: not open */
	struct audit_inbox *inbox;
	bool known;
	struct audit_status_view status;
	int64_t rules;                    /* -1: not known */
	struct hash rules_hash;           /* of all of them, in the kernel's order */
	const struct audit_rules *wanted; /* the caller's; NULL: none */
	size_t found;                     /* of these, in that list */
	int error;                        /* of the last question; 0: answered */
	uint32_t sequence;
	uint32_t list_sequence; /* of the last question for the rules */
	int64_t counting;       /* rules of that list so far */
	struct hash hashing;    /* likewise */
	size_t finding;
};

/* 0, or what the kernel refused with; the watch is usable either way, and empty then. */
must_check int audit_watch_open(struct audit_watch *w, struct audit_inbox *inbox, int timeout_ms);
void audit_watch_close(struct audit_watch *w);
/* Ask for the status, and for the rules too. The answers are for audit_watch_collect. */
void audit_watch_ask(struct audit_watch *w, bool rules);
/* Take the answers that came. `ret_lost` is the number of records lost since the status before. */
enum audit_change audit_watch_collect(struct audit_watch *w, uint32_t *ret_lost);
/* How two states differ; `ret_lost` as above. Pure. */
enum audit_change audit_watch_compare(uint32_t before, uint32_t after, uint32_t *ret_lost);

#endif

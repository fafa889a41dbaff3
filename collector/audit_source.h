/* The kernel's audit stream as a source of events: the socket, its modes, what it loses.
 *
 * It changes nothing on the host unless told to own the unicast side, and it never fails the collector: where
 * it may not or cannot listen it goes on in a lesser mode and says why.
 */
#ifndef SWORNLOG_COLLECTOR_AUDIT_SOURCE_H
#define SWORNLOG_COLLECTOR_AUDIT_SOURCE_H

#include "audit/feed.h"
#include "collector/audit_mode.h"
#include "collector/audit_netlink.h"
#include "lib/digest.h"
#include "lib/env.h"

struct audit_source_config {
	enum audit_mode mode; /* wanted */
	int passed_fd; /* a socket of audit_listener_passed_fd(), for MULTICAST; -1: none. Taken over. */
	const char *replay_path;         /* for REPLAY */
	uint64_t status_every_us;        /* 0: 1 s */
	const struct env *env;           /* its two clocks */
	const struct audit_rules *rules; /* that ought to be there, the caller's; NULL: none */
	struct audit_feed_config feed;
};

/* For posture. */
struct audit_summary {
	enum audit_mode mode; /* in force */
	const char *reason; /* why it is not the one that was wanted, or what it cannot see; "" if nothing */
	bool status_known;  /* the rest is only meaningful if so */
	struct audit_status_view status;
	int64_t rules;          /* -1: not known */
	struct hash rules_hash; /* docs/format.md section 7.7 */
	bool rules_in_force;    /* all that ought to be there are, and audit is on */
	uint64_t records;       /* received so far */
	uint64_t foreign;       /* messages that pretended to be the kernel's */
};

struct audit_source;

/* Only -ENOMEM; everything else leaves a source in a lesser mode. Waits for the kernel's answers up to half a
 * second. The feed's callbacks are not called from here. */
must_check int audit_source_open(const struct audit_source_config *config, struct audit_source **ret);
/* Gives the unicast side back. Events under way are lost unless flushed. Takes NULL. */
void audit_source_free(struct audit_source *s);

/* For epoll, level triggered; -1 where there is nothing to wait for. May change in a tick. */
int audit_source_fd(const struct audit_source *s);
/* Take what is there, up to a thousand records. Never blocks. */
void audit_source_read(struct audit_source *s, uint64_t now_us);
/* True while something waits for a tick in the next 100 ms. */
bool audit_source_waiting(const struct audit_source *s);
/* Every 100 ms to 1 s: time-outs, losses, the kernel's status, replay. Never blocks. */
void audit_source_tick(struct audit_source *s, uint64_t now_us);
/* Before the end: let go of everything under way and declare what is not declared yet. */
void audit_source_flush(struct audit_source *s, uint64_t now_us);
/* Ask the kernel for its status and wait for it, up to half a second: after a change of our own. */
void audit_source_refresh(struct audit_source *s);
/* Ask for status and rules before it is time: something has changed them. */
void audit_source_ask(struct audit_source *s);
/* Have the kernel make a record, of a change that changes nothing: its backlog wait time is set to what it
 * is. -EAGAIN where audit is not listened to, is off, or is locked. */
must_check int audit_source_probe(struct audit_source *s, uint32_t *ret_wait_time);
/* `reason` is valid until the next call on the source. */
struct audit_summary audit_source_summary(const struct audit_source *s);

#endif

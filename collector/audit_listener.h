/* The socket on which audit's records come, in the best mode that the kernel grants. */
#ifndef SWORNLOG_COLLECTOR_AUDIT_LISTENER_H
#define SWORNLOG_COLLECTOR_AUDIT_LISTENER_H

#include "collector/audit_mode.h"
#include "collector/audit_watch.h"

struct audit_listener {
	struct audit_watch *watch; /* the caller's */
	struct audit_inbox *inbox; /* the caller's */
	int passed_fd; /* a socket of audit_listener_passed_fd(), for the first MULTICAST; -1: none. Taken
	                  over. */
	int fd;        /* -1: nothing is listened to */
	enum audit_mode mode; /* in force */
	char reason[192];     /* why it is not the one that was wanted; "" */
	uint32_t drops;       /* of the socket, declared so far */
};

/* The audit socket among those that systemd passed (LISTEN_PID, LISTEN_FDS), or -1. */
int audit_listener_passed_fd(void);

/* Each leaves a listener in a lesser mode, with a reason, where it may not do what was wanted. */
void audit_listener_multicast(struct audit_listener *l);
/* Waits for the kernel's answers, up to a second. */
void audit_listener_unicast(struct audit_listener *l);
/* `error`: negative errno, the cause of `what`. */
void audit_listener_turn_off(struct audit_listener *l, const char *what, int error);
void audit_listener_explain(struct audit_listener *l, const char *fmt, ...) printf_like(2, 3);
/* True if the kernel's last status says so. */
bool audit_listener_is_reader(const struct audit_listener *l);
/* Gives the unicast side back. */
void audit_listener_close(struct audit_listener *l);

#endif

/* Messages to and from the kernel's audit netlink family.
 *
 * The kernel's audit header defines macros with the names of our entry fields (AUDIT_PID is 0 there), so it
 * is included by audit_netlink.c and audit_rule.c only, and these include nothing that knows entries.
 */
#ifndef SWORNLOG_COLLECTOR_AUDIT_NETLINK_H
#define SWORNLOG_COLLECTOR_AUDIT_NETLINK_H

#include "lib/buf.h"
#include "lib/cursor.h"

/* The longest record and the message header before it. */
#define AUDIT_NETLINK_MAX_BYTES (16384 + 16)
#define AUDIT_NETLINK_BATCH     32

/* What the kernel says of its audit system. */
struct audit_status_view {
	uint32_t enabled; /* 0 off, 1 on, 2 on and locked until the next boot (-e 2) */
	uint32_t failure;
	uint32_t pid; /* of the unicast reader; 0: none */
	uint32_t backlog_limit;
	uint32_t backlog;
	uint32_t lost; /* records, since boot or since somebody reset it */
	uint32_t backlog_wait_time;
};

struct audit_datagram {
	uint16_t type;
	uint32_t sequence;
	int error; /* of an acknowledgement: 0 or a negative errno */
	bool acknowledgement;
	bool done;           /* the end of a list */
	struct span payload; /* up to the end of what was received, whatever the header says: the kernel
	                        writes another length into unicast records than into multicast ones */
};

enum audit_receipt {
	AUDIT_RECEIPT_MESSAGE,
	AUDIT_RECEIPT_FOREIGN, /* not from the kernel */
	AUDIT_RECEIPT_CUT,     /* longer than the buffer */
	AUDIT_RECEIPT_BROKEN,  /* shorter than a header */
};

/* A socket of the audit family, not blocking, bound; in the group of the records if `multicast`, then with as
 * large a receive buffer as it may have. -EPROTONOSUPPORT: this kernel has no audit, or it was switched off
 * on its command line; -EPERM: CAP_AUDIT_READ is missing. */
must_check int audit_netlink_open(bool multicast, int *ret_fd);
/* 0 if the descriptor is a bound audit socket, as systemd makes it for ListenNetlink=audit 1; it is then set
 * up like our own. -EINVAL if it is anything else. */
must_check int audit_netlink_adopt(int fd);

/* Ask. The answers carry `sequence`; an acknowledgement is asked for too. */
must_check int audit_netlink_ask_status(int fd, uint32_t sequence);
must_check int audit_netlink_ask_rules(int fd, uint32_t sequence);
/* Make the sending socket the one unicast reader, as process `pid`; 0 gives that up. */
must_check int audit_netlink_set_reader(int fd, uint32_t pid, uint32_t sequence);
/* Set enabled to 0 or 1. */
must_check int audit_netlink_set_enabled(int fd, uint32_t enabled, uint32_t sequence);

/* Set the time that a full backlog makes others wait. */
must_check int audit_netlink_set_wait_time(int fd, uint32_t wait_time, uint32_t sequence);

/* Add or delete a rule, in the kernel's form. */
must_check int audit_netlink_change_rule(int fd, bool add, struct span rule, uint32_t sequence);

/* Up to AUDIT_NETLINK_BATCH messages with one system call. Opaque: it holds half a megabyte. */
struct audit_inbox;
must_check int audit_inbox_new(struct audit_inbox **ret);
void audit_inbox_free(struct audit_inbox *inbox);
/* Overwrite the first `count` messages, which may hold secrets. */
void audit_inbox_wipe(struct audit_inbox *inbox, size_t count);
/* Number received, or a negative errno: -EAGAIN nothing there, -ENOBUFS records were dropped. */
must_check int audit_inbox_receive(struct audit_inbox *inbox, int fd);
/* The i-th of what was received; valid until the next receive. `ret` is set for a MESSAGE only. */
enum audit_receipt audit_inbox_message(const struct audit_inbox *inbox, size_t i, struct audit_datagram *ret);

bool audit_datagram_is_status(const struct audit_datagram *m);
bool audit_datagram_is_rule(const struct audit_datagram *m);
/* True for a record of an event; false for answers, acknowledgements and the kernel's pings. */
bool audit_datagram_is_record(const struct audit_datagram *m);
/* -EBADMSG if it is too short. Old kernels' shorter form is taken. */
must_check int audit_datagram_status(const struct audit_datagram *m, struct audit_status_view *ret);

/* Ask and wait up to `timeout_ms` for the answer. -ETIMEDOUT, or what the kernel refused with. */
must_check int audit_netlink_read_status(int fd, struct audit_inbox *inbox, int timeout_ms,
                                         struct audit_status_view *ret);
/* Wait up to `timeout_ms` for the next message of the kernel, and take it. */
must_check int audit_netlink_next(int fd, struct audit_inbox *inbox, int timeout_ms,
                                  struct audit_datagram *ret);
/* Wait up to `timeout_ms` for the acknowledgement of `sequence` on a socket on which nothing else matters. */
must_check int audit_netlink_wait(int fd, struct audit_inbox *inbox, uint32_t sequence, int timeout_ms);

/* Wait for the same on a socket on which records come too, and take no record: -EAGAIN if one came first. */
must_check int audit_netlink_wait_first(int fd, struct audit_inbox *inbox, uint32_t sequence, int timeout_ms);

/* Messages that this socket had to drop since it was made, from /proc/net/netlink. -ENOENT if it is not
 * listed there. */
must_check int audit_netlink_drops(int fd, uint32_t *ret);
/* The same from one line of that file. False if the line is not about this inode. */
bool audit_netlink_parse_drops(const char *line, uint64_t inode, uint32_t *ret);

#endif

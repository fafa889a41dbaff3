#include "collector/audit_listener.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#define ANSWER_TIMEOUT_MS 500
#define READER_SEQUENCE   7
#define FIRST_PASSED_FD   3
#define MAX_PASSED_FDS    64

static long env_number(const char *name)
{
	const char *text = getenv(name);
	char *end = NULL;
	if (!text || *text == '\0')
		return -1;
	long v = strtol(text, &end, 10);
	return *end == '\0' ? v : -1;
}

int audit_listener_passed_fd(void)
{
	if (env_number("LISTEN_PID") != getpid())
		return -1;
	long count = MIN(env_number("LISTEN_FDS"), (long)MAX_PASSED_FDS);
	for (int fd = FIRST_PASSED_FD; fd < FIRST_PASSED_FD + count; fd++) {
		if (audit_netlink_adopt(fd) == 0)
			return fd;
	}
	return -1;
}

void audit_listener_explain(struct audit_listener *l, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(l->reason, sizeof(l->reason), fmt, ap);
	va_end(ap);
}

void audit_listener_turn_off(struct audit_listener *l, const char *what, int error)
{
	close_fd(&l->fd);
	l->mode = AUDIT_MODE_OFF;
	audit_listener_explain(l, "%s: %s", what, audit_mode_cause(error));
}

void audit_listener_multicast(struct audit_listener *l)
{
	int r = 0;
	if (l->passed_fd >= 0) {
		r = audit_netlink_adopt(l->passed_fd);
		l->fd = TAKE_FD(l->passed_fd);
	} else {
		r = audit_netlink_open(true, &l->fd);
	}
	l->drops = 0;
	l->mode = AUDIT_MODE_MULTICAST;
	if (r < 0)
		audit_listener_turn_off(l, "cannot listen to audit", r);
}

bool audit_listener_is_reader(const struct audit_listener *l)
{
	return l->watch->status.pid == (uint32_t)getpid();
}

static int become_reader(struct audit_listener *l)
{
	int r = audit_netlink_open(false, &l->fd);
	if (r == 0)
		r = audit_netlink_set_reader(l->fd, (uint32_t)getpid(), READER_SEQUENCE);
	if (r == 0)
		r = audit_netlink_wait_first(l->fd, l->inbox, READER_SEQUENCE, ANSWER_TIMEOUT_MS);
	if (r < 0 && r != -EAGAIN)
		return r;
	/* A record may come before the acknowledgement and stays in the socket; the status tells as well. */
	r = audit_netlink_read_status(l->watch->fd, l->inbox, ANSWER_TIMEOUT_MS, &l->watch->status);
	if (r < 0)
		return r;
	return audit_listener_is_reader(l) ? 0 : -EEXIST;
}

void audit_listener_unicast(struct audit_listener *l)
{
	int r = become_reader(l);
	if (r == 0) {
		l->mode = AUDIT_MODE_UNICAST;
		return;
	}
	close_fd(&l->fd);
	char owner[96];
	audit_mode_describe_owner(l->watch->status.pid, owner, sizeof(owner));
	audit_listener_multicast(l);
	if (l->mode == AUDIT_MODE_OFF)
		return;
	if (r == -EEXIST)
		audit_listener_explain(
		        l,
		        "multicast instead of unicast: audit belongs to %s; stop it, or configure multicast",
		        owner);
	else
		audit_listener_explain(l, "multicast instead of unicast: %s", audit_mode_cause(r));
}

void audit_listener_close(struct audit_listener *l)
{
	/* Nobody is left to hear of a failure; a dead reader is noticed by the kernel. */
	if (l->mode == AUDIT_MODE_UNICAST)
		(void)!audit_netlink_set_reader(l->fd, 0, READER_SEQUENCE);
	close_fd(&l->fd);
	close_fd(&l->passed_fd);
}

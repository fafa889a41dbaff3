#include "collector/audit_netlink.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/netlink.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>

/* Below are questions and answers, but for two. */
#define FIRST_RECORD   1100
#define RECEIVE_BUFFER (16 << 20)
/* audit_status as the oldest kernel in use gives it. */
#define STATUS_MIN_BYTES offsetof(struct audit_status, feature_bitmap)

static_assert(NLMSG_HDRLEN == 16, "AUDIT_NETLINK_MAX_BYTES counts on it");

struct audit_inbox {
	struct mmsghdr headers[AUDIT_NETLINK_BATCH];
	struct iovec vectors[AUDIT_NETLINK_BATCH];
	struct sockaddr_nl senders[AUDIT_NETLINK_BATCH];
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(struct ucred))];
	} controls[AUDIT_NETLINK_BATCH];
	char bytes[AUDIT_NETLINK_BATCH][AUDIT_NETLINK_MAX_BYTES];
};

/* The sender's credentials are wanted with each message; the buffer is what rides out a burst. */
static int set_up(int fd)
{
	int on = 1, bytes = RECEIVE_BUFFER;
	if (setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) < 0)
		return -errno;
	/* FORCE goes beyond the system's limit but needs CAP_NET_ADMIN, which we don't have as a service. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) < 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
	return 0;
}

int audit_netlink_open(bool multicast, int *ret_fd)
{
	cleanup_close int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_AUDIT);
	if (fd < 0)
		return -errno;
	int r = set_up(fd);
	if (r < 0)
		return r;
	struct sockaddr_nl self = { .nl_family = AF_NETLINK,
		                    .nl_groups = multicast ? 1U << (AUDIT_NLGRP_READLOG - 1) : 0 };
	if (bind(fd, (struct sockaddr *)&self, sizeof(self)) < 0)
		return -errno;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

static bool has_option(int fd, int option, int want)
{
	int value = -1;
	socklen_t len = sizeof(value);
	return getsockopt(fd, SOL_SOCKET, option, &value, &len) == 0 && value == want;
}

int audit_netlink_adopt(int fd)
{
	struct sockaddr_nl self = { 0 };
	socklen_t len = sizeof(self);
	if (!has_option(fd, SO_DOMAIN, AF_NETLINK) || !has_option(fd, SO_PROTOCOL, NETLINK_AUDIT))
		return -EINVAL;
	if (getsockname(fd, (struct sockaddr *)&self, &len) < 0 ||
	    (self.nl_groups & (1U << (AUDIT_NLGRP_READLOG - 1))) == 0)
		return -EINVAL;
	int on = 1;
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return -errno;
	/* Its buffer was sized by who made it: only systemd may go beyond the limit. */
	return setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) < 0 ? -errno : 0;
}

static int ask(int fd, uint16_t type, const void *payload, size_t len, uint32_t sequence)
{
	struct {
		struct nlmsghdr header;
		struct audit_status payload;
	} message = { .header = { .nlmsg_len = (uint32_t)NLMSG_LENGTH(len),
		                  .nlmsg_type = type,
		                  .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK,
		                  .nlmsg_seq = sequence } };
	static_assert(offsetof(typeof(message), payload) == NLMSG_HDRLEN, "no gap after the header");
	if (len > 0)
		memcpy(&message.payload, payload, len);
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	ssize_t n = sendto(fd, &message, message.header.nlmsg_len, MSG_DONTWAIT, (struct sockaddr *)&kernel,
	                   sizeof(kernel));
	return n < 0 ? -errno : 0;
}

int audit_netlink_ask_status(int fd, uint32_t sequence)
{
	return ask(fd, AUDIT_GET, NULL, 0, sequence);
}

int audit_netlink_ask_rules(int fd, uint32_t sequence)
{
	return ask(fd, AUDIT_LIST_RULES, NULL, 0, sequence);
}

int audit_netlink_set_reader(int fd, uint32_t pid, uint32_t sequence)
{
	struct audit_status s = { .mask = AUDIT_STATUS_PID, .pid = pid };
	return ask(fd, AUDIT_SET, &s, sizeof(s), sequence);
}

int audit_netlink_set_enabled(int fd, uint32_t enabled, uint32_t sequence)
{
	struct audit_status s = { .mask = AUDIT_STATUS_ENABLED, .enabled = enabled };
	return ask(fd, AUDIT_SET, &s, sizeof(s), sequence);
}

int audit_netlink_set_wait_time(int fd, uint32_t wait_time, uint32_t sequence)
{
	struct audit_status s = { .mask = AUDIT_STATUS_BACKLOG_WAIT_TIME, .backlog_wait_time = wait_time };
	return ask(fd, AUDIT_SET, &s, sizeof(s), sequence);
}

int audit_netlink_change_rule(int fd, bool add, struct span rule, uint32_t sequence)
{
	struct nlmsghdr header = { .nlmsg_len = (uint32_t)NLMSG_LENGTH(rule.len),
		                   .nlmsg_type = add ? AUDIT_ADD_RULE : AUDIT_DEL_RULE,
		                   .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK,
		                   .nlmsg_seq = sequence };
	cleanup_buf struct buf message = { 0 };
	buf_put(&message, &header, sizeof(header));
	buf_put(&message, rule.data, rule.len);
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	int r = buf_err(&message);
	if (r < 0)
		return r;
	ssize_t n = sendto(fd, message.data, message.len, MSG_DONTWAIT, (struct sockaddr *)&kernel,
	                   sizeof(kernel));
	return n < 0 ? -errno : 0;
}

int audit_inbox_new(struct audit_inbox **ret)
{
	struct audit_inbox *inbox = calloc(1, sizeof(*inbox));
	if (!inbox)
		return -ENOMEM;
	*ret = inbox;
	return 0;
}

void audit_inbox_free(struct audit_inbox *inbox)
{
	free(inbox);
}

void audit_inbox_wipe(struct audit_inbox *inbox, size_t count)
{
	for (size_t i = 0; i < count; i++)
		explicit_bzero(inbox->bytes[i], MIN(inbox->headers[i].msg_len, sizeof(inbox->bytes[i])));
}

static void prepare(struct audit_inbox *inbox, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		inbox->vectors[i] = (struct iovec){ inbox->bytes[i], sizeof(inbox->bytes[i]) };
		inbox->headers[i].msg_hdr = (struct msghdr){
			.msg_name = &inbox->senders[i],
			.msg_namelen = sizeof(inbox->senders[i]),
			.msg_iov = &inbox->vectors[i],
			.msg_iovlen = 1,
			.msg_control = &inbox->controls[i],
			.msg_controllen = sizeof(inbox->controls[i]),
		};
	}
}

static int receive(struct audit_inbox *inbox, int fd, unsigned count, int flags)
{
	prepare(inbox, count);
	int n;
	do
		n = recvmmsg(fd, inbox->headers, count, flags | MSG_DONTWAIT, NULL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

int audit_inbox_receive(struct audit_inbox *inbox, int fd)
{
	return receive(inbox, fd, AUDIT_NETLINK_BATCH, 0);
}

/* Another process that may send to this socket can't give itself the kernel's address, nor its credentials.
 */
static bool from_kernel(const struct audit_inbox *inbox, size_t i)
{
	const struct msghdr *m = &inbox->headers[i].msg_hdr;
	const struct sockaddr_nl *sender = &inbox->senders[i];
	if (m->msg_namelen != sizeof(*sender) || sender->nl_family != AF_NETLINK || sender->nl_pid != 0)
		return false;
	const struct cmsghdr *c = CMSG_FIRSTHDR(m);
	if (!c || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_CREDENTIALS ||
	    c->cmsg_len < CMSG_LEN(sizeof(struct ucred)))
		return true;
	struct ucred credentials;
	memcpy(&credentials, CMSG_DATA(c), sizeof(credentials));
	return credentials.pid == 0;
}

enum audit_receipt audit_inbox_message(const struct audit_inbox *inbox, size_t i, struct audit_datagram *ret)
{
	struct nlmsghdr header;
	size_t len = inbox->headers[i].msg_len;
	if (!from_kernel(inbox, i))
		return AUDIT_RECEIPT_FOREIGN;
	if (inbox->headers[i].msg_hdr.msg_flags & MSG_TRUNC)
		return AUDIT_RECEIPT_CUT;
	if (len < NLMSG_HDRLEN)
		return AUDIT_RECEIPT_BROKEN;
	memcpy(&header, inbox->bytes[i], sizeof(header));
	const uint8_t *payload = (const uint8_t *)inbox->bytes[i] + NLMSG_HDRLEN;
	struct audit_datagram m = { .type = header.nlmsg_type,
		                    .sequence = header.nlmsg_seq,
		                    .done = header.nlmsg_type == NLMSG_DONE,
		                    .payload = { payload, len - NLMSG_HDRLEN } };
	if (header.nlmsg_type == NLMSG_ERROR) {
		if (m.payload.len < sizeof(m.error))
			return AUDIT_RECEIPT_BROKEN;
		memcpy(&m.error, payload, sizeof(m.error));
		m.acknowledgement = true;
	}
	*ret = m;
	return AUDIT_RECEIPT_MESSAGE;
}

bool audit_datagram_is_status(const struct audit_datagram *m)
{
	return m->type == AUDIT_GET;
}

bool audit_datagram_is_rule(const struct audit_datagram *m)
{
	return m->type == AUDIT_LIST_RULES;
}

bool audit_datagram_is_record(const struct audit_datagram *m)
{
	if (m->type == AUDIT_USER || m->type == AUDIT_LOGIN)
		return true;
	return m->type >= FIRST_RECORD && m->type != AUDIT_REPLACE;
}

int audit_datagram_status(const struct audit_datagram *m, struct audit_status_view *ret)
{
	struct audit_status s = { 0 };
	if (m->payload.len < STATUS_MIN_BYTES)
		return -EBADMSG;
	memcpy(&s, m->payload.data, MIN(sizeof(s), m->payload.len));
	*ret = (struct audit_status_view){
		.enabled = s.enabled,
		.failure = s.failure,
		.pid = s.pid,
		.backlog_limit = s.backlog_limit,
		.backlog = s.backlog,
		.lost = s.lost,
		.backlog_wait_time = s.backlog_wait_time,
	};
	return 0;
}

static int64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* One message on a socket on which only answers come. */
static int next_answer(int fd, struct audit_inbox *inbox, int64_t deadline_ms, struct audit_datagram *ret)
{
	for (;;) {
		int64_t left = deadline_ms - now_ms();
		struct pollfd p = { .fd = fd, .events = POLLIN };
		if (left <= 0 || poll(&p, 1, (int)left) == 0)
			return -ETIMEDOUT;
		int n = receive(inbox, fd, 1, 0);
		if (n < 0 && n != -EAGAIN && n != -ENOBUFS)
			return n;
		if (n == 1 && audit_inbox_message(inbox, 0, ret) == AUDIT_RECEIPT_MESSAGE)
			return 0;
	}
}

int audit_netlink_next(int fd, struct audit_inbox *inbox, int timeout_ms, struct audit_datagram *ret)
{
	return next_answer(fd, inbox, now_ms() + timeout_ms, ret);
}

int audit_netlink_wait(int fd, struct audit_inbox *inbox, uint32_t sequence, int timeout_ms)
{
	int64_t deadline_ms = now_ms() + timeout_ms;
	struct audit_datagram m;
	int r;
	while ((r = next_answer(fd, inbox, deadline_ms, &m)) == 0) {
		if (m.acknowledgement && m.sequence == sequence)
			return m.error;
	}
	return r;
}

int audit_netlink_wait_first(int fd, struct audit_inbox *inbox, uint32_t sequence, int timeout_ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	struct audit_datagram m;
	if (poll(&p, 1, timeout_ms) <= 0)
		return -ETIMEDOUT;
	int n = receive(inbox, fd, 1, MSG_PEEK);
	if (n < 0)
		return n;
	if (audit_inbox_message(inbox, 0, &m) != AUDIT_RECEIPT_MESSAGE || !m.acknowledgement ||
	    m.sequence != sequence)
		return -EAGAIN;
	return audit_netlink_wait(fd, inbox, sequence, timeout_ms);
}

int audit_netlink_read_status(int fd, struct audit_inbox *inbox, int timeout_ms,
                              struct audit_status_view *ret)
{
	static const uint32_t sequence = 1;
	int64_t deadline_ms = now_ms() + timeout_ms;
	struct audit_datagram m;
	int r = audit_netlink_ask_status(fd, sequence);
	if (r < 0)
		return r;
	while ((r = next_answer(fd, inbox, deadline_ms, &m)) == 0) {
		if (m.sequence != sequence)
			continue;
		if (audit_datagram_is_status(&m))
			return audit_datagram_status(&m, ret);
		if (m.acknowledgement && m.error < 0)
			return m.error;
	}
	return r;
}

/* sk Eth Pid Groups Rmem Wmem Dump Locks Drops Inode */
bool audit_netlink_parse_drops(const char *line, uint64_t inode, uint32_t *ret)
{
	unsigned long long listed;
	unsigned long drops;
	if (sscanf(line, "%*s %*s %*s %*s %*s %*s %*s %*s %lu %llu", &drops, &listed) != 2 || listed != inode)
		return false;
	*ret = (uint32_t)drops;
	return true;
}

static void close_file(FILE **f)
{
	if (*f)
		fclose(*f);
}

int audit_netlink_drops(int fd, uint32_t *ret)
{
	struct stat st;
	char line[256];
	if (fstat(fd, &st) < 0)
		return -errno;
	cleanup(close_file) FILE *f = fopen("/proc/net/netlink", "re");
	if (!f)
		return -errno;
	while (fgets(line, sizeof(line), f)) {
		if (audit_netlink_parse_drops(line, st.st_ino, ret))
			return 0;
	}
	return -ENOENT;
}

/* `audit_listen TEXT SECONDS` waits until the kernel audit multicast group carries a record with the text. */
#include <errno.h>
#include <linux/audit.h>
#include <linux/netlink.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { RECORD_MAX = 16384 };

static int open_multicast(void)
{
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK, .nl_groups = 1U << (AUDIT_NLGRP_READLOG - 1) };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_AUDIT);

	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0)
		return fd;
	close(fd);
	return -1;
}

static int left_ms(const struct timespec *end)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	long ms = (end->tv_sec - now.tv_sec) * 1000 + (end->tv_nsec - now.tv_nsec) / 1000000;
	return ms > 0 ? (int)ms : 0;
}

/* True when one received record holds the text, which is then printed with the record's type. */
static int receive_match(int fd, const char *text)
{
	static char record[RECORD_MAX + 1];
	struct nlmsghdr head;
	ssize_t size = recv(fd, record, RECORD_MAX, MSG_DONTWAIT);

	if (size < (ssize_t)NLMSG_HDRLEN)
		return 0;
	record[size] = '\0';
	memcpy(&head, record, sizeof(head));
	if (!strstr(record + NLMSG_HDRLEN, text))
		return 0;
	printf("%u %s\n", (unsigned)head.nlmsg_type, record + NLMSG_HDRLEN);
	return 1;
}

int main(int argc, char **argv)
{
	struct timespec end;

	if (argc != 3)
		return 2;
	int fd = open_multicast();
	if (fd < 0) {
		perror("audit_listen");
		return 2;
	}
	puts("listening");
	fflush(stdout);
	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += strtol(argv[2], NULL, 10);

	struct pollfd ready = { .fd = fd, .events = POLLIN };
	for (int ms = left_ms(&end); ms > 0; ms = left_ms(&end))
		if (poll(&ready, 1, ms) == 1 && receive_match(fd, argv[1]))
			return 0;
	fprintf(stderr, "audit_listen: no record with '%s'\n", argv[1]);
	return 1;
}

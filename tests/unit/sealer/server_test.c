/* The sealer's event loop over real sockets. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "evidence/uplink.h"
#include "lib/listen.h"
#include "sealer/sealer.h"
#include "sealer/server.h"

#define WAIT_MS 10000

struct place {
	char path[64];
	char socket[80];
	int dir;
	int events_fd, receipts_fd;
};

static void place_init(struct place *p)
{
	char events[80];
	snprintf(p->path, sizeof(p->path), "/tmp/swornlog-server-XXXXXX");
	cr_assert_not_null(mkdtemp(p->path));
	snprintf(p->socket, sizeof(p->socket), "%s/receipts.sock", p->path);
	snprintf(events, sizeof(events), "%s/events.sock", p->path);
	p->dir = open(p->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cr_assert_geq(p->dir, 0);
	cr_assert_eq(listen_unix(p->socket, 0600, &p->receipts_fd), 0);
	cr_assert_eq(listen_unix(events, 0600, &p->events_fd), 0);
}

static void place_done(struct place *p)
{
	char *names;
	size_t len;
	cr_assert_eq(env_system()->list(env_system(), p->dir, &names, &len), 0);
	for (size_t at = 0; at < len; at += strlen(names + at) + 1)
		unlinkat(p->dir, names + at, 0);
	free(names);
	close(p->dir);
	close(p->events_fd);
	close(p->receipts_fd);
	rmdir(p->path);
}

static int serve(const struct place *p)
{
	struct signer identity, log;
	struct sealer *sealer;
	char error[200];
	/* One line a message is too much to read. */
	if (!freopen("/dev/null", "w", stderr))
		return 1;
	if (signer_generate(env_system(), "example.org/host/web-1", &identity) < 0 ||
	    signer_generate(env_system(), "example.org/log", &log) < 0)
		return 1;
	struct sealer_options options = {
		.log = { .env = env_system(),
		         .fleet = "example.org",
		         .host = "web-1",
		         .identity = &identity,
		         .fleet_vkey = "vkey" },
		.state_fd = p->dir,
		.spool_fd = p->dir,
		.log_key = &log.key,
		.file_system = "ext4",
		.seal_interval_us = 1000000,
		.heartbeat_us = 10000000,
		.spool_max_bytes = 1 << 20,
	};
	struct server_options server = {
		.events_fd = p->events_fd,
		.receipts_fd = p->receipts_fd,
		.run_fd = p->dir,
		.collector_uid = geteuid(),
		.shipper_uid = geteuid(),
	};
	if (sealer_open(&options, &sealer, error, sizeof(error)) < 0)
		return 1;
	int r = server_run(&server, sealer);
	sealer_close(sealer);
	return r == 0 ? 0 : 1;
}

static int connect_as_shipper(const struct place *p)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	snprintf(a.sun_path, sizeof(a.sun_path), "%s", p->socket);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	cr_assert_geq(fd, 0);
	cr_assert_eq(connect(fd, (const struct sockaddr *)&a, sizeof(a)), 0);
	return fd;
}

/* Bytes sent, of short messages without end, until the other end has had enough. */
static size_t talk_without_listening(int fd, size_t max)
{
	uint8_t some[5 * 1000] = { 0 };
	size_t sent = 0;
	for (size_t i = 0; i < sizeof(some); i += 5) {
		some[i + 3] = 1;
		some[i + 4] = UPLINK_RECEIPT;
	}
	while (sent < max) {
		struct pollfd p = { .fd = fd, .events = POLLOUT };
		cr_assert_eq(poll(&p, 1, WAIT_MS), 1);
		ssize_t n = send(fd, some + sent % 5, sizeof(some) - sent % 5, MSG_NOSIGNAL);
		if (n < 0 && errno == EAGAIN)
			continue;
		if (n < 0)
			break;
		sent += (size_t)n;
	}
	return sent;
}

Test(server, closes_on_a_shipper_that_talks_and_never_reads)
{
	struct place p;
	int status;
	place_init(&p);
	pid_t child = fork();
	cr_assert_geq(child, 0);
	if (child == 0)
		_exit(serve(&p));
	int fd = connect_as_shipper(&p);
	size_t max = (size_t)2 << 20;
	cr_expect_lt(talk_without_listening(fd, max), max);
	close(fd);
	kill(child, SIGTERM);
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_expect_eq(status, 0, "and goes on: it ends as it is told to");
	place_done(&p);
}

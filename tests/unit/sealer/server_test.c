/* The sealer's event loop over real sockets. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
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
	int dir, run;
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
	cr_assert_eq(mkdirat(p->dir, "run", 0700), 0);
	p->run = openat(p->dir, "run", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cr_assert_geq(p->run, 0);
	cr_assert_eq(listen_unix(p->socket, 0600, &p->receipts_fd), 0);
	cr_assert_eq(listen_unix(events, 0600, &p->events_fd), 0);
}

static void empty(int dir)
{
	char *names;
	size_t len;
	cr_assert_eq(env_system()->list(env_system(), dir, &names, &len), 0);
	for (size_t at = 0; at < len; at += strlen(names + at) + 1)
		unlinkat(dir, names + at, 0);
	free(names);
	close(dir);
}

static void place_done(struct place *p)
{
	empty(p->run);
	unlinkat(p->dir, "run", AT_REMOVEDIR);
	empty(p->dir);
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
		.run_fd = p->run,
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

static pid_t start(const struct place *p)
{
	pid_t child = fork();
	cr_assert_geq(child, 0);
	if (child == 0)
		_exit(serve(p));
	return child;
}

static void stop(pid_t child)
{
	int status;
	kill(child, SIGTERM);
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_expect_eq(status, 0, "it ends as it is told to");
}

/* The first word to a shipper comes when the loop is running. */
static void wait_until_serving(const struct place *p)
{
	int fd = connect_as_shipper(p);
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	cr_assert_eq(poll(&poll_fd, 1, WAIT_MS), 1);
	close(fd);
}

Test(server, writes_its_status_through_no_link_or_pipe_of_somebody_else)
{
	for (int pipe = 0; pipe < 2; pipe++) {
		struct place p;
		struct stat st;
		char target[80];
		place_init(&p);
		int victim = openat(p.dir, "victim", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		cr_assert_eq(write(victim, "key", 3), 3);
		snprintf(target, sizeof(target), "%s/victim", p.path);
		if (pipe)
			cr_assert_eq(mkfifoat(p.run, "sealer.status.tmp", 0600), 0);
		else
			cr_assert_eq(symlinkat(target, p.run, "sealer.status.tmp"), 0);
		pid_t child = start(&p);
		wait_until_serving(&p);
		cr_expect_eq(fstat(victim, &st), 0);
		cr_expect_eq(st.st_size, 3);
		cr_expect_eq(fstatat(p.run, "sealer.status", &st, AT_SYMLINK_NOFOLLOW), 0);
		cr_expect(S_ISREG(st.st_mode));
		close(victim);
		stop(child);
		place_done(&p);
	}
}

Test(server, closes_on_a_shipper_that_talks_and_never_reads_and_goes_on)
{
	struct place p;
	place_init(&p);
	pid_t child = start(&p);
	int fd = connect_as_shipper(&p);
	size_t max = (size_t)2 << 20;
	cr_expect_lt(talk_without_listening(fd, max), max);
	close(fd);
	stop(child);
	place_done(&p);
}

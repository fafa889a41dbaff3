/* The source without a change to this machine's audit: tests/vm/audit.sh does the rest. */
#include "collector/audit_source.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static size_t events;
static size_t losses;
static size_t lookups;

static void on_event(void *context, const struct intake_event *event)
{
	(void)context;
	(void)event;
	events++;
}

static void on_loss(void *context, const struct intake_loss *loss)
{
	(void)context;
	(void)loss;
	losses++;
}

static uint64_t process_of(void *context, uint32_t pid, uint64_t boot_us)
{
	(void)context;
	(void)pid;
	(void)boot_us;
	lookups++;
	return 1;
}

static struct audit_source *open_source(enum audit_mode mode, int passed_fd, const char *replay_path)
{
	struct audit_source *source = NULL;
	struct audit_source_config config = {
		.mode = mode,
		.passed_fd = passed_fd,
		.replay_path = replay_path,
		.env = env_system(),
		.feed = { .event = { .process = process_of }, .on_event = on_event, .on_loss = on_loss }
	};
	events = losses = lookups = 0;
	cr_assert_eq(audit_source_open(&config, &source), 0);
	return source;
}

Test(audit_source, modes_have_names)
{
	for (int i = AUDIT_MODE_OFF; i <= AUDIT_MODE_REPLAY; i++) {
		enum audit_mode mode = AUDIT_MODE_OFF;
		cr_assert_eq(audit_mode_parse(audit_mode_name((enum audit_mode)i), &mode), 0);
		cr_assert_eq(mode, (enum audit_mode)i);
	}
	enum audit_mode mode = AUDIT_MODE_UNICAST;
	cr_assert_eq(audit_mode_parse("auditd", &mode), -EINVAL);
	cr_assert_eq(mode, AUDIT_MODE_UNICAST);
}

Test(audit_source, switched_off_it_does_nothing_and_says_so)
{
	struct audit_source *source = open_source(AUDIT_MODE_OFF, -1, NULL);
	audit_source_read(source, 1);
	audit_source_tick(source, 20000000);
	struct audit_summary s = audit_source_summary(source);
	cr_assert_eq(s.mode, AUDIT_MODE_OFF);
	cr_assert_str_eq(s.reason, "switched off by configuration");
	cr_assert_eq(audit_source_fd(source), -1);
	cr_assert_eq(s.rules, -1);
	audit_source_free(source);
}

Test(audit_source, a_socket_that_is_not_audits_leaves_it_off_with_a_reason)
{
	int fds[2];
	cr_assert_eq(pipe(fds), 0);
	struct audit_source *source = open_source(AUDIT_MODE_MULTICAST, fds[0], NULL);
	struct audit_summary s = audit_source_summary(source);
	cr_assert_eq(s.mode, AUDIT_MODE_OFF);
	cr_assert_neq(s.reason[0], '\0');
	cr_assert_lt(fcntl(fds[0], F_GETFD), 0, "the descriptor was taken over, so it is closed");
	close(fds[1]);
	audit_source_free(source);
}

Test(audit_source, a_replay_gives_its_events_without_naming_processes)
{
	char path[] = "/tmp/swornlog-replay-XXXXXX";
	int fd = mkstemp(path);
	static const char line[] = "type=USER_LOGIN msg=audit(1.0:2): pid=1 msg='op=login res=failed'\n";
	cr_assert_eq(write(fd, line, sizeof(line) - 1), (ssize_t)sizeof(line) - 1);
	close(fd);
	struct audit_source *source = open_source(AUDIT_MODE_REPLAY, -1, path);
	for (uint64_t now_us = 0; now_us < 3; now_us++)
		audit_source_tick(source, now_us);
	struct audit_summary s = audit_source_summary(source);
	cr_assert_eq(s.mode, AUDIT_MODE_REPLAY);
	cr_assert_not_null(strstr(s.reason, path));
	cr_assert_eq(events, 1);
	cr_assert_eq(lookups, 0);
	audit_source_free(source);
	unlink(path);
}

Test(audit_source, a_replay_of_nothing_leaves_it_off_with_a_reason)
{
	struct audit_source *source = open_source(AUDIT_MODE_REPLAY, -1, "/nonexistent");
	struct audit_summary s = audit_source_summary(source);
	cr_assert_eq(s.mode, AUDIT_MODE_OFF);
	cr_assert_not_null(strstr(s.reason, "No such file"));
	audit_source_free(source);
}

/* A record that another process sends to the source's socket. */
static bool forge(int fd)
{
	struct sockaddr_nl to = { 0 };
	socklen_t len = sizeof(to);
	struct {
		struct nlmsghdr header;
		char text[64];
	} m = { .header = { .nlmsg_len = sizeof(m), .nlmsg_type = 1112 }, .text = "audit(1.000:1): pid=1" };
	cleanup_close int from = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_AUDIT);
	if (from < 0 || getsockname(fd, (struct sockaddr *)&to, &len) < 0)
		return false;
	to.nl_groups = 0;
	return sendto(from, &m, sizeof(m), 0, (struct sockaddr *)&to, sizeof(to)) == (ssize_t)sizeof(m);
}

Test(audit_source, a_record_that_is_not_from_the_kernel_is_refused_and_counted)
{
	struct audit_source *source = open_source(AUDIT_MODE_MULTICAST, -1, NULL);
	if (audit_source_fd(source) < 0 || !forge(audit_source_fd(source))) {
		fprintf(stderr, "  SKIP    no audit here, or no right to send to another's netlink socket\n");
		audit_source_free(source);
		cr_skip_test("no audit here, or no right to forge");
	}
	/* The machine's own records may come too; the forged one is the only one with this stamp. */
	audit_source_read(source, 1);
	cr_assert_eq(audit_source_summary(source).foreign, 1);
	audit_source_free(source);
}

Test(audit_source, wherever_it_runs_it_opens_and_says_what_it_lacks)
{
	struct audit_source *source = open_source(AUDIT_MODE_MULTICAST, -1, NULL);
	for (uint64_t now_us = 1; now_us < 100; now_us++) {
		audit_source_read(source, now_us);
		audit_source_tick(source, now_us);
	}
	struct audit_summary s = audit_source_summary(source);
	cr_assert_not_null(s.reason);
	cr_assert(s.mode == AUDIT_MODE_MULTICAST || s.reason[0] != '\0');
	cr_assert(s.status_known || s.reason[0] != '\0');
	audit_source_flush(source, 1000);
	audit_source_free(source);
}

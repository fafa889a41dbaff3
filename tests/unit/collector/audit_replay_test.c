#include "collector/audit_replay.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <unistd.h>

struct seen {
	size_t events;
	size_t losses;
	uint16_t kind[8];
	uint8_t reason[8];
	uint64_t count[8];
};

static struct seen seen;

static void on_event(void *context, const struct intake_event *event)
{
	(void)context;
	cr_assert_lt(seen.events, ARRAY_SIZE(seen.kind));
	cr_assert_eq(event->process, INTAKE_NO_PROCESS);
	seen.kind[seen.events++] = event->kind;
}

static void on_loss(void *context, const struct intake_loss *loss)
{
	(void)context;
	cr_assert_lt(seen.losses, ARRAY_SIZE(seen.reason));
	cr_assert_neq(loss->exactness, EXACT);
	cr_assert_leq(loss->detail.len, 255);
	seen.count[seen.losses] = loss->count;
	seen.reason[seen.losses++] = loss->reason;
}

static struct audit_feed *new_feed(void)
{
	struct audit_feed *feed = NULL;
	seen = (struct seen){ 0 };
	struct audit_feed_config config = { .on_event = on_event, .on_loss = on_loss };
	cr_assert_eq(audit_feed_new(&config, &feed), 0);
	return feed;
}

static struct span text(const char *s)
{
	return span_str(s);
}

Test(audit_replay, a_file_is_fed_in_steps_and_let_go_at_its_end)
{
	char path[] = "/tmp/swornlog-replay-XXXXXX";
	int fd = mkstemp(path);
	cr_assert_geq(fd, 0);
	static const char log[] = "type=USER_LOGIN msg=audit(1.0:2): pid=1 msg='op=login res=failed'\n"
	                          "this is not a record\n"
	                          "type=SYSCALL msg=audit(1.0:5): pid=1 success=no\n"
	                          "type=ADD_USER msg=audit(1.0:6): pid=1";
	cr_assert_eq(write(fd, log, sizeof(log) - 1), (ssize_t)sizeof(log) - 1);
	close(fd);
	struct audit_feed *feed = new_feed();
	struct audit_replay *replay = NULL;
	cr_assert_eq(audit_replay_open(path, feed, &replay), 0);
	cr_assert_eq(audit_replay_read(replay, 3, 10), 3);
	cr_assert_eq(seen.events, 1);
	cr_assert_eq(seen.losses, 1);
	cr_assert_eq(seen.reason[0], LOSS_MALFORMED);
	cr_assert_eq(audit_replay_read(replay, 3, 20), 1);
	cr_assert_eq(audit_replay_read(replay, 3, 30), 0);
	cr_assert_eq(seen.events, 3);
	cr_assert_eq(seen.kind[0], KIND_AUDIT_LOGIN);
	cr_assert_eq(seen.kind[1], KIND_AUDIT_ACCOUNT);
	cr_assert_eq(seen.kind[2], KIND_AUDIT_OTHER);
	cr_assert_eq(seen.losses, 3);
	cr_assert_eq(seen.reason[1], LOSS_AUDIT_INCOMPLETE);
	cr_assert_eq(seen.count[1], 1);
	cr_assert_eq(seen.reason[2], LOSS_AUDIT_SERIAL);
	cr_assert_eq(seen.count[2], 2);
	audit_replay_free(replay);
	audit_feed_free(feed);
	unlink(path);
}

Test(audit_replay, a_line_without_end_is_read_over_and_declared)
{
	char path[] = "/tmp/swornlog-replay-XXXXXX";
	int fd = mkstemp(path);
	cr_assert_geq(fd, 0);
	FILE *out = fdopen(fd, "w");
	for (int i = 0; i < 100000; i++)
		fputc('a', out);
	fputs("\ntype=USER_LOGIN msg=audit(1.0:2): pid=1\n", out);
	fclose(out);
	struct audit_feed *feed = new_feed();
	struct audit_replay *replay = NULL;
	cr_assert_eq(audit_replay_open(path, feed, &replay), 0);
	cr_assert_eq(audit_replay_read(replay, 10, 10), 2);
	cr_assert_eq(seen.events, 1);
	cr_assert_eq(seen.losses, 1);
	cr_assert_eq(seen.reason[0], LOSS_TOO_LARGE);
	audit_replay_free(replay);
	audit_feed_free(feed);
	unlink(path);
}

Test(audit_replay, a_file_that_is_not_there_is_an_error)
{
	struct audit_feed *feed = new_feed();
	struct audit_replay *replay = NULL;
	cr_assert_eq(audit_replay_open("/nonexistent/audit.log", feed, &replay), -ENOENT);
	cr_assert_null(replay);
	audit_feed_free(feed);
}

Test(audit_feed, bounded_losses_are_gathered_before_they_are_declared)
{
	struct audit_feed *feed = new_feed();
	audit_feed_tick(feed, 5000000);
	for (uint32_t serial = 1; serial < 10; serial += 2) {
		char line[64];
		snprintf(line, sizeof(line), "audit(1.0:%u): pid=1", serial);
		audit_feed_push(feed, 1100, text(line), 5000000);
	}
	audit_feed_tick(feed, 8000000);
	cr_assert_eq(seen.losses, 0);
	audit_feed_tick(feed, 10000000);
	cr_assert_eq(seen.losses, 1);
	cr_assert_eq(seen.reason[0], LOSS_AUDIT_SERIAL);
	cr_assert_eq(seen.count[0], 4);
	audit_feed_tick(feed, 20000000);
	cr_assert_eq(seen.losses, 1);
	audit_feed_free(feed);
}

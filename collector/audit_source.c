#include "collector/audit_source.h"

#include "collector/audit_listener.h"
#include "collector/audit_replay.h"
#include "collector/audit_watch.h"

#define ANSWER_TIMEOUT_MS 500
#define BATCHES_PER_READ  32
#define LINES_PER_TICK    64
#define RULES_EVERY_POLLS 10 /* also how often losses of the socket are looked for */

struct audit_source {
	struct audit_source_config config;
	struct audit_feed *feed;
	struct audit_inbox *inbox;
	struct audit_watch watch;
	struct audit_replay *replay;
	struct audit_listener listener;
	uint64_t records;
	uint64_t foreign;
	bool overrun; /* the kernel said that it dropped records, how many is to be found out */
	uint64_t polled_us;
	uint64_t losses_us; /* when losses were last looked for */
	unsigned polls;
};

static void start_replay(struct audit_source *s)
{
	const char *path = s->config.replay_path;
	int r = path ? audit_replay_open(path, s->feed, &s->replay) : -EINVAL;
	if (r < 0) {
		audit_listener_turn_off(&s->listener, "cannot replay the audit log", r);
		return;
	}
	s->listener.mode = AUDIT_MODE_REPLAY;
	audit_listener_explain(&s->listener,
	                       "replay of a recorded audit log, %s: not what happens on this host", path);
}

static void start(struct audit_source *s)
{
	int r;
	switch (s->config.mode) {
	case AUDIT_MODE_OFF:
		audit_listener_explain(&s->listener, "switched off by configuration");
		return;
	case AUDIT_MODE_REPLAY:
		start_replay(s);
		return;
	case AUDIT_MODE_MULTICAST:
	case AUDIT_MODE_UNICAST:
		r = audit_watch_open(&s->watch, s->inbox, ANSWER_TIMEOUT_MS);
		if (r == -EPROTONOSUPPORT)
			audit_listener_turn_off(&s->listener, "cannot listen to audit", r);
		else if (s->config.mode == AUDIT_MODE_UNICAST)
			audit_listener_unicast(&s->listener);
		else
			audit_listener_multicast(&s->listener);
		audit_watch_ask(&s->watch, true);
		return;
	}
}

static void set_clock(struct audit_source *s)
{
	const struct env *env = s->config.env;
	audit_feed_set_clock(s->feed, (int64_t)(env->wall_us(env) - env->boot_us(env)));
}

static void free_source(struct audit_source **s)
{
	audit_source_free(*s);
}

int audit_source_open(const struct audit_source_config *config, struct audit_source **ret)
{
	cleanup(free_source) struct audit_source *s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->config = *config;
	s->listener = (struct audit_listener){ .watch = &s->watch, .passed_fd = config->passed_fd, .fd = -1 };
	s->watch.fd = -1;
	s->watch.rules = -1;
	s->watch.wanted = config->rules;
	if (s->config.status_every_us == 0)
		s->config.status_every_us = 1000000;
	/* A replayed log's pids are another host's. */
	if (config->mode == AUDIT_MODE_REPLAY) {
		s->config.feed.event.process = NULL;
		s->config.feed.recorded = true;
	}
	int r = audit_feed_new(&s->config.feed, &s->feed);
	if (r == 0)
		r = audit_inbox_new(&s->inbox);
	if (r < 0)
		return r;
	s->listener.inbox = s->inbox;
	set_clock(s);
	start(s);
	*ret = TAKE_PTR(s);
	return 0;
}

void audit_source_free(struct audit_source *s)
{
	if (!s)
		return;
	audit_listener_close(&s->listener);
	audit_watch_close(&s->watch);
	audit_replay_free(s->replay);
	audit_inbox_free(s->inbox);
	audit_feed_free(s->feed);
	free(s);
}

int audit_source_fd(const struct audit_source *s)
{
	return s->listener.fd;
}

bool audit_source_waiting(const struct audit_source *s)
{
	return s->replay || audit_feed_waiting(s->feed);
}

static void take_message(struct audit_source *s, size_t i, uint64_t now_us)
{
	struct audit_datagram m;
	switch (audit_inbox_message(s->inbox, i, &m)) {
	case AUDIT_RECEIPT_MESSAGE:
		if (!audit_datagram_is_record(&m))
			return;
		s->records++;
		audit_feed_push(s->feed, m.type, m.payload, now_us);
		return;
	case AUDIT_RECEIPT_FOREIGN:
		s->foreign++;
		return;
	case AUDIT_RECEIPT_CUT:
		audit_feed_lose(s->feed, LOSS_TOO_LARGE, UPPER_BOUND, 1, now_us,
		                "an audit record longer than any record of the kernel");
		return;
	case AUDIT_RECEIPT_BROKEN:
		audit_feed_lose(s->feed, LOSS_MALFORMED, UPPER_BOUND, 1, now_us,
		                "a message on the audit socket that is no record");
		return;
	}
}

void audit_source_read(struct audit_source *s, uint64_t now_us)
{
	for (int batch = 0; batch < BATCHES_PER_READ && s->listener.fd >= 0; batch++) {
		int n = audit_inbox_receive(s->inbox, s->listener.fd);
		if (n == -EAGAIN)
			return;
		if (n == -ENOBUFS) {
			s->overrun = true;
			continue;
		}
		if (n < 0) {
			audit_listener_turn_off(&s->listener, "reading audit failed", n);
			audit_feed_lose(s->feed, LOSS_AUDIT_SOCKET, UNKNOWN, 0, now_us,
			                "reading audit failed");
			return;
		}
		for (size_t i = 0; i < (size_t)n; i++)
			take_message(s, i, now_us);
		audit_inbox_wipe(s->inbox, (size_t)n);
	}
}

/* The socket's own counter says how many records the kernel could not give it. */
static void declare_drops(struct audit_source *s)
{
	uint32_t drops;
	if (s->listener.fd < 0)
		return;
	if (audit_netlink_drops(s->listener.fd, &drops) < 0) {
		if (s->overrun)
			audit_feed_lose(s->feed, LOSS_AUDIT_SOCKET, UNKNOWN, 0, s->losses_us,
			                "the audit socket was full");
	} else if (drops != s->listener.drops) {
		audit_feed_lose(s->feed, LOSS_AUDIT_SOCKET, UPPER_BOUND, drops - s->listener.drops,
		                s->losses_us, "audit records dropped at the audit socket");
		s->listener.drops = drops;
	}
	s->overrun = false;
}

static void declare_status(struct audit_source *s)
{
	uint32_t lost = 0;
	switch (audit_watch_collect(&s->watch, &lost)) {
	case AUDIT_CHANGE_NONE:
		break;
	case AUDIT_CHANGE_LOST:
		audit_feed_lose(s->feed, LOSS_AUDIT_BACKLOG, UPPER_BOUND, lost, s->losses_us,
		                "audit records lost in the kernel");
		break;
	case AUDIT_CHANGE_RESET:
		audit_feed_lose(s->feed, LOSS_AUDIT_BACKLOG, UNKNOWN, 0, s->losses_us,
		                "the kernel's count of lost audit records was reset by somebody else");
		break;
	}
}

/* The kernel lets whoever may control audit put himself in our place. */
static void check_reader(struct audit_source *s)
{
	char owner[96];
	if (s->listener.mode != AUDIT_MODE_UNICAST || !s->watch.known ||
	    audit_listener_is_reader(&s->listener))
		return;
	audit_mode_describe_owner(s->watch.status.pid, owner, sizeof(owner));
	audit_feed_lose(s->feed, LOSS_AUDIT_SOCKET, UNKNOWN, 0, s->losses_us,
	                "the unicast side of audit was taken from the collector");
	close_fd(&s->listener.fd);
	audit_listener_multicast(&s->listener);
	if (s->listener.mode == AUDIT_MODE_MULTICAST)
		audit_listener_explain(&s->listener, "multicast instead of unicast: audit was taken by %s",
		                       owner);
}

static void replay(struct audit_source *s, uint64_t now_us)
{
	if (!s->replay)
		return;
	ssize_t n = audit_replay_read(s->replay, LINES_PER_TICK, now_us);
	s->records += n > 0 ? (uint64_t)n : 0;
	if (n < 0)
		audit_listener_turn_off(&s->listener, "reading the recorded audit log failed", (int)n);
	if (n <= 0) {
		audit_replay_free(s->replay);
		s->replay = NULL;
	}
}

void audit_source_tick(struct audit_source *s, uint64_t now_us)
{
	bool due = now_us - s->polled_us >= s->config.status_every_us;
	set_clock(s);
	replay(s, now_us);
	declare_status(s);
	check_reader(s);
	bool all = due && s->polls++ % RULES_EVERY_POLLS == 0;
	if (all || s->overrun)
		declare_drops(s);
	if (due) {
		audit_watch_ask(&s->watch, all);
		s->polled_us = now_us;
	}
	if (all)
		s->losses_us = now_us;
	audit_feed_tick(s->feed, now_us);
}

void audit_source_flush(struct audit_source *s, uint64_t now_us)
{
	declare_status(s);
	declare_drops(s);
	audit_feed_flush(s->feed, now_us);
}

void audit_source_refresh(struct audit_source *s)
{
	struct audit_status_view status;
	if (s->watch.fd < 0 ||
	    audit_netlink_read_status(s->watch.fd, s->inbox, ANSWER_TIMEOUT_MS, &status) < 0)
		return;
	s->watch.status = status;
	s->watch.known = true;
	/* The answer to an earlier question for the rules was passed over. */
	audit_watch_ask(&s->watch, true);
}

void audit_source_ask(struct audit_source *s)
{
	audit_watch_ask(&s->watch, true);
}

int audit_source_probe(struct audit_source *s, uint32_t *ret_wait_time)
{
	const struct audit_status_view *status = &s->watch.status;
	if (s->listener.fd < 0 || s->watch.fd < 0 || !s->watch.known || status->enabled != 1)
		return -EAGAIN;
	int r = audit_netlink_set_wait_time(s->watch.fd, status->backlog_wait_time, ++s->watch.sequence);
	if (r == 0)
		*ret_wait_time = status->backlog_wait_time;
	return r;
}

static const char *shortcoming(const struct audit_source *s)
{
	if (s->listener.reason[0] != '\0')
		return s->listener.reason;
	if (!s->watch.known)
		return "the kernel's audit status cannot be read";
	if (s->watch.status.enabled == 0)
		return "audit is switched off on this host (enabled 0)";
	return "";
}

struct audit_summary audit_source_summary(const struct audit_source *s)
{
	return (struct audit_summary){
		.mode = s->listener.mode,
		.reason = shortcoming(s),
		.status_known = s->watch.known,
		.status = s->watch.status,
		.rules = s->watch.rules,
		.rules_hash = s->watch.rules_hash,
		.rules_in_force = s->watch.known && s->watch.status.enabled && s->watch.rules >= 0 &&
		                  s->watch.wanted && s->watch.found >= s->watch.wanted->count,
		.records = s->records,
		.foreign = s->foreign,
	};
}

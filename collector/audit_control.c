#include "collector/audit_control.h"

#include "collector/audit_netlink.h"

#include <libaudit.h>

#define ANSWER_TIMEOUT_MS 1000

struct session {
	int fd;
	struct audit_inbox *inbox;
	uint32_t sequence;
};

static void session_done(struct session *s)
{
	close_fd(&s->fd);
	audit_inbox_free(s->inbox);
}

static int session_open(struct session *ret)
{
	int r = audit_inbox_new(&ret->inbox);
	return r < 0 ? r : audit_netlink_open(false, &ret->fd);
}

static int count_rules(struct session *s, size_t *ret)
{
	struct audit_datagram m;
	size_t count = 0;
	uint32_t sequence = ++s->sequence;
	int r = audit_netlink_ask_rules(s->fd, sequence);
	while (r == 0) {
		r = audit_netlink_next(s->fd, s->inbox, ANSWER_TIMEOUT_MS, &m);
		if (r < 0 || m.sequence != sequence)
			continue;
		if (m.acknowledgement && m.error < 0)
			return m.error;
		if (audit_datagram_is_rule(&m))
			count++;
		if (m.done) {
			*ret = count;
			return 0;
		}
	}
	return r;
}

static int set_enabled(struct session *s, uint32_t enabled)
{
	uint32_t sequence = ++s->sequence;
	int r = audit_netlink_set_enabled(s->fd, enabled, sequence);
	return r < 0 ? r : audit_netlink_wait(s->fd, s->inbox, sequence, ANSWER_TIMEOUT_MS);
}

static void free_rule(struct audit_rule_data **rule)
{
	audit_rule_free_data(*rule);
}

/* -a never,task, or its removal. */
static int change_rule(struct session *s, bool add)
{
	cleanup(free_rule) struct audit_rule_data *rule = audit_rule_create_data();
	if (!rule)
		return -ENOMEM;
	int r = add ? audit_add_rule_data(s->fd, rule, AUDIT_FILTER_TASK, AUDIT_NEVER)
	            : audit_delete_rule_data(s->fd, rule, AUDIT_FILTER_TASK, AUDIT_NEVER);
	return r < 0 ? r : 0;
}

int audit_control_enable(struct audit_control *ret)
{
	cleanup(session_done) struct session s = { .fd = -1 };
	struct audit_status_view status;
	size_t rules = 0;
	int r = session_open(&s);
	if (r == 0)
		r = audit_netlink_read_status(s.fd, s.inbox, ANSWER_TIMEOUT_MS, &status);
	if (r < 0)
		return r;
	if (status.enabled != 0) {
		*ret = (struct audit_control){ 0 };
		return 0;
	}
	r = count_rules(&s, &rules);
	if (r < 0)
		return r;
	if (rules > 0)
		return -EBUSY;
	r = change_rule(&s, true);
	if (r < 0)
		return r;
	r = set_enabled(&s, 1);
	if (r < 0) {
		/* The first failure is the one to report. */
		(void)!change_rule(&s, false);
		return r;
	}
	*ret = (struct audit_control){ .enabled = true, .rule = true };
	return 0;
}

int audit_control_restore(const struct audit_control *c)
{
	cleanup(session_done) struct session s = { .fd = -1 };
	int rule = 0, enabled = 0;
	if (!c->enabled && !c->rule)
		return 0;
	int r = session_open(&s);
	if (r < 0)
		return r;
	if (c->enabled)
		enabled = set_enabled(&s, 0);
	if (c->rule)
		rule = change_rule(&s, false);
	/* Somebody has removed the rule already: it is as it was found. */
	if (rule == -ENOENT)
		rule = 0;
	return enabled < 0 ? enabled : rule;
}

void audit_control_print(const struct audit_control *c, struct buf *b)
{
	buf_printf(b, "enabled=%d rule=%d\n", c->enabled, c->rule);
}

int audit_control_parse(struct span text, struct audit_control *ret)
{
	for (int i = 0; i < 4; i++) {
		struct audit_control c = { .enabled = (i & 1) != 0, .rule = (i & 2) != 0 };
		cleanup_buf struct buf line = { 0 };
		audit_control_print(&c, &line);
		if (buf_err(&line) == 0 && span_equal(text, (struct span){ line.data, line.len })) {
			*ret = c;
			return 0;
		}
	}
	return -EBADMSG;
}

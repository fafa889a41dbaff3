#include "collector/audit_control.h"

#include "collector/audit_netlink.h"
#include "lib/text.h"

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

void audit_control_done(struct audit_control *c)
{
	audit_rules_done(&c->added);
}

/* All rules that the kernel has: how many, and how many of `wanted` are among them. */
static int list_rules(struct session *s, const struct audit_rules *wanted, size_t *ret_all, size_t *ret_found)
{
	struct audit_datagram m;
	size_t all = 0, found = 0;
	uint32_t sequence = ++s->sequence;
	int r = audit_netlink_ask_rules(s->fd, sequence);
	while (r == 0) {
		r = audit_netlink_next(s->fd, s->inbox, ANSWER_TIMEOUT_MS, &m);
		if (r < 0 || m.sequence != sequence)
			continue;
		if (m.acknowledgement && m.error < 0)
			return m.error;
		if (audit_datagram_is_rule(&m)) {
			all++;
			found += audit_rules_have(wanted, m.payload);
		}
		if (m.done) {
			*ret_all = all;
			*ret_found = found;
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

static int change_rule(struct session *s, bool add, struct span rule)
{
	uint32_t sequence = ++s->sequence;
	int r = audit_netlink_change_rule(s->fd, add, rule, sequence);
	return r < 0 ? r : audit_netlink_wait(s->fd, s->inbox, sequence, ANSWER_TIMEOUT_MS);
}

static int add_rules(struct session *s, const struct audit_rules *rules, struct audit_rules *added)
{
	struct span rule;
	for (size_t at = 0; audit_rules_next(rules, &at, &rule);) {
		int r = change_rule(s, true, rule);
		if (r == -EEXIST)
			continue;
		if (r == 0)
			r = audit_rules_add(added, rule);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Somebody has removed a rule already: then it is as it was found. */
static int remove_rules(struct session *s, const struct audit_rules *rules)
{
	int result = 0;
	struct span rule;
	for (size_t at = 0; audit_rules_next(rules, &at, &rule);) {
		int r = change_rule(s, false, rule);
		if (r < 0 && r != -ENOENT && result == 0)
			result = r;
	}
	return result;
}

static int undo(struct session *s, const struct audit_control *c)
{
	int enabled = c->enabled ? set_enabled(s, 0) : 0;
	int rules = remove_rules(s, &c->added);
	return enabled < 0 ? enabled : rules;
}

/* Rules first: audit without any would slow down all that is born in between. */
static int change(struct session *s, bool was_off, const struct audit_rules *wanted, struct audit_control *c)
{
	size_t all, found;
	int r = add_rules(s, wanted, &c->added);
	if (r == 0)
		r = list_rules(s, wanted, &all, &found);
	if (r == 0 && found < wanted->count)
		r = -ENOMSG;
	if (r == 0 && was_off) {
		r = set_enabled(s, 1);
		c->enabled = r == 0;
	}
	return r;
}

static int may_change(struct session *s, bool enable, const struct audit_rules *wanted, bool *ret_off)
{
	struct audit_status_view status;
	size_t all, found;
	int r = audit_netlink_read_status(s->fd, s->inbox, ANSWER_TIMEOUT_MS, &status);
	if (r < 0)
		return r;
	*ret_off = status.enabled == 0;
	if (status.enabled == 2)
		return wanted->count ? -EPERM : 0;
	if (!*ret_off)
		return 0;
	if (!enable)
		return -EAGAIN;
	r = list_rules(s, wanted, &all, &found);
	if (r < 0)
		return r;
	return all > found ? -EBUSY : 0;
}

int audit_control_apply(bool enable, const struct audit_rules *wanted, struct audit_control *ret)
{
	cleanup(session_done) struct session s = { .fd = -1 };
	cleanup(audit_control_done) struct audit_control c = { 0 };
	cleanup(audit_rules_done) struct audit_rules never = { 0 };
	bool off = false;
	int r = session_open(&s);
	if (r == 0)
		r = may_change(&s, enable, wanted, &off);
	if (r == 0 && off && wanted->count == 0)
		r = audit_rule_put_never(&never);
	if (r < 0)
		return r;
	r = change(&s, off, never.count ? &never : wanted, &c);
	if (r < 0) {
		/* The first failure is the one to report. */
		(void)!undo(&s, &c);
		return r;
	}
	*ret = c;
	c = (struct audit_control){ 0 };
	return 0;
}

int audit_control_restore(const struct audit_control *c)
{
	cleanup(session_done) struct session s = { .fd = -1 };
	if (!c->enabled && c->added.count == 0)
		return 0;
	int r = session_open(&s);
	return r < 0 ? r : undo(&s, c);
}

void audit_control_print(const struct audit_control *c, struct buf *b)
{
	struct span rule;
	buf_printf(b, "enabled=%d rules=%zu\n", c->enabled, c->added.count);
	for (size_t at = 0; audit_rules_next(&c->added, &at, &rule);) {
		text_put_hex(b, rule.data, rule.len);
		buf_put_u8(b, '\n');
	}
}

static int parse_rule(struct span line, struct audit_rules *ret)
{
	uint8_t rule[AUDIT_RULE_BYTES_MAX];
	if (line.len % 2 || line.len / 2 > sizeof(rule) || text_hex_exact(line, rule, line.len / 2) < 0)
		return -EBADMSG;
	return audit_rules_add(ret, (struct span){ rule, line.len / 2 });
}

int audit_control_parse(struct span text, struct audit_control *ret)
{
	static const char off[] = "enabled=0 rules=", on[] = "enabled=1 rules=";
	cleanup(audit_control_done) struct audit_control c = { 0 };
	struct cursor in;
	uint64_t count;
	cursor_init(&in, text.data, text.len);
	struct span head = cursor_line(&in);
	c.enabled = span_starts(head, on);
	if (in.err || (!c.enabled && !span_starts(head, off)))
		return -EBADMSG;
	struct span number = { head.data + sizeof(on) - 1, head.len - (sizeof(on) - 1) };
	if (text_decimal(number, &count) < 0 || count > AUDIT_RULES_MAX)
		return -EBADMSG;
	for (; count > 0; count--) {
		struct span line = cursor_line(&in);
		int r = in.err ? -EBADMSG : parse_rule(line, &c.added);
		if (r < 0)
			return r;
	}
	if (cursor_finish(&in) < 0)
		return -EBADMSG;
	*ret = c;
	c = (struct audit_control){ 0 };
	return 0;
}

#include "collector/audit_watch.h"

int audit_watch_open(struct audit_watch *w, struct audit_inbox *inbox, int timeout_ms)
{
	*w = (struct audit_watch){
		.fd = -1, .inbox = inbox, .rules = -1, .sequence = 1, .wanted = w->wanted
	};
	w->error = audit_netlink_open(false, &w->fd);
	if (w->error == 0)
		w->error = audit_netlink_read_status(w->fd, inbox, timeout_ms, &w->status);
	w->known = w->error == 0;
	return w->error;
}

void audit_watch_close(struct audit_watch *w)
{
	close_fd(&w->fd);
}

void audit_watch_ask(struct audit_watch *w, bool rules)
{
	if (w->fd < 0)
		return;
	w->error = audit_netlink_ask_status(w->fd, ++w->sequence);
	if (!rules || w->error < 0)
		return;
	w->counting = 0;
	w->finding = 0;
	w->hashing = (struct hash){ 0 };
	w->list_sequence = ++w->sequence;
	w->error = audit_netlink_ask_rules(w->fd, w->list_sequence);
}

enum audit_change audit_watch_compare(uint32_t before, uint32_t after, uint32_t *ret_lost)
{
	if (after < before)
		return AUDIT_CHANGE_RESET;
	if (after == before)
		return AUDIT_CHANGE_NONE;
	*ret_lost = after - before;
	return AUDIT_CHANGE_LOST;
}

static enum audit_change take_status(struct audit_watch *w, const struct audit_datagram *m,
                                     uint32_t *ret_lost)
{
	uint32_t before = w->status.lost;
	bool first = !w->known;
	if (audit_datagram_status(m, &w->status) < 0)
		return AUDIT_CHANGE_NONE;
	w->known = true;
	return first ? AUDIT_CHANGE_NONE : audit_watch_compare(before, w->status.lost, ret_lost);
}

/* A chain, so that neither order nor borders get lost. */
static void take_rule(struct audit_watch *w, const struct audit_datagram *m)
{
	const struct span parts[] = { { w->hashing.b, sizeof(w->hashing.b) }, m->payload };
	struct hash next;
	sha256_parts(parts, ARRAY_SIZE(parts), &next);
	w->hashing = next;
	w->finding += w->wanted && audit_rules_have(w->wanted, m->payload);
	w->counting++;
}

static enum audit_change take(struct audit_watch *w, const struct audit_datagram *m, uint32_t *ret_lost)
{
	if (audit_datagram_is_status(m))
		return take_status(w, m, ret_lost);
	bool listed = m->sequence == w->list_sequence;
	if (audit_datagram_is_rule(m) && listed)
		take_rule(w, m);
	if (m->done && listed) {
		w->rules = w->counting;
		w->rules_hash = w->hashing;
		w->found = w->finding;
	}
	if (m->acknowledgement && m->error < 0)
		w->error = m->error;
	return AUDIT_CHANGE_NONE;
}

enum audit_change audit_watch_collect(struct audit_watch *w, uint32_t *ret_lost)
{
	enum audit_change change = AUDIT_CHANGE_NONE;
	struct audit_datagram m;
	int n;
	uint32_t lost = 0, sum = 0;
	if (w->fd < 0)
		return change;
	while ((n = audit_inbox_receive(w->inbox, w->fd)) > 0) {
		for (size_t i = 0; i < (size_t)n; i++) {
			if (audit_inbox_message(w->inbox, i, &m) != AUDIT_RECEIPT_MESSAGE)
				continue;
			enum audit_change c = take(w, &m, &lost);
			change = MAX(change, c);
			if (c == AUDIT_CHANGE_LOST)
				sum += lost;
		}
	}
	if (change == AUDIT_CHANGE_LOST)
		*ret_lost = sum;
	return change;
}

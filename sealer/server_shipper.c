#include <event2/buffer.h>

#include "evidence/uplink.h"
#include "lib/log.h"
#include "sealer/server_state.h"

#define UNSENT_BYTES ((size_t)256 << 10) /* a shipper that reads leaves far less */

static void send_message(struct bufferevent *to, const struct uplink_message *m)
{
	cleanup_buf struct buf b = { 0 };
	uplink_put(&b, m);
	if (buf_err(&b) || bufferevent_write(to, b.data, b.len) < 0)
		log_warning("a message to the shipper could not be queued");
}

static bool shipper_reads(const struct server *s)
{
	return evbuffer_get_length(bufferevent_get_output(s->shipper)) <= UNSENT_BYTES;
}

void server_tell_ready(struct server *s)
{
	if (s->shipper && !shipper_reads(s)) {
		log_error("the shipper does not read what it is told; its connection is closed");
		server_drop(&s->shipper);
	}
	struct uplink_message m = { .type = UPLINK_READY, .held = sealer_held(s->sealer) };
	sealer_newest(s->sealer, &m.epoch, &m.first);
	if (!s->shipper || (m.epoch == s->told_epoch && m.first == s->told_first && m.held == s->told_held))
		return;
	s->told_epoch = m.epoch;
	s->told_first = m.first;
	s->told_held = m.held;
	send_message(s->shipper, &m);
}

void server_tell_ship_from(struct server *s)
{
	struct uplink_message m = { .type = UPLINK_SHIP_FROM };
	sealer_ship_from(s->sealer, &m.epoch, &m.first);
	if (s->shipper)
		send_message(s->shipper, &m);
}

static void log_answer(const struct server *s, const struct uplink_message *m, const char *said,
                       size_t histories)
{
	if (sealer_histories(s->sealer) > histories)
		log_alert("ATTACK: %s. The log's own key signed both; the two notes are kept in the spool "
		          "(inconsistent-*). Tell your auditor",
		          said);
	else
		log_warning("answer of the sink for epoch %u index %llu: %s", m->epoch,
		            (unsigned long long)m->first, said);
}

static int take_message(struct server *s, const struct uplink_message *m)
{
	const char *said = NULL;
	size_t histories = sealer_histories(s->sealer);
	int r;
	switch (m->type) {
	case UPLINK_RECEIPT:
		r = sealer_receipt(s->sealer, m->body, &said);
		break;
	case UPLINK_CONFLICT:
		r = sealer_conflict(s->sealer, m->epoch, m->first, m->body, &said);
		break;
	case UPLINK_REFUSED:
		r = sealer_refused(s->sealer, m->status, m->body, &said);
		break;
	case UPLINK_READY:
	case UPLINK_SHIP_FROM:
	default:
		return -EBADMSG;
	}
	if (said)
		log_answer(s, m, said, histories);
	server_tell_ship_from(s);
	return r;
}

void server_on_shipper_read(struct bufferevent *b, void *arg)
{
	struct server *s = arg;
	struct evbuffer *in = bufferevent_get_input(b);
	size_t len = evbuffer_get_length(in), used = 0;
	const uint8_t *bytes = len ? evbuffer_pullup(in, -1) : NULL;
	int r = 0;
	while (r == 0 && used < len && shipper_reads(s)) {
		struct uplink_message m;
		ssize_t n = uplink_parse((struct span){ bytes + used, len - used }, &m);
		if (n == 0)
			break;
		r = n < 0 ? -EBADMSG : take_message(s, &m);
		used += n > 0 ? (size_t)n : 0;
	}
	if (r == -EBADMSG) {
		log_error("the shipper sent something malformed; its connection is closed");
		server_drop(&s->shipper);
		r = 0;
	} else {
		evbuffer_drain(in, used);
	}
	server_settle(s, r);
}

void server_on_shipper_event(struct bufferevent *b maybe_unused, short what, void *arg)
{
	struct server *s = arg;
	if (!(what & (BEV_EVENT_EOF | BEV_EVENT_ERROR)))
		return;
	log_info("the shipper's connection is closed");
	server_drop(&s->shipper);
}

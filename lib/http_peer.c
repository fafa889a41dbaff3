#include "lib/http_peer.h"

#include <unistd.h>

#include "lib/log.h"
#include "lib/tls.h"

#define IDLE_MS  75000 /* between two requests */
#define LEAVE_MS 3000

#define INPUT_BYTES ((size_t)32 << 10) /* read ahead from one peer */

void http_peer_free(struct http_peer *p)
{
	struct http_server *s = p->server;
	TAILQ_REMOVE(p->known ? &s->known : &s->strangers, p, list);
	s->connections--;
	http_wire_close(&p->wire);
	buf_done(&p->head);
	buf_done(&p->body);
	free(p);
}

void http_peer_leave(struct http_peer *p)
{
	p->state = HTTP_PEER_LEAVING;
	http_wire_deadline(&p->wire, LEAVE_MS);
	if (http_wire_all_sent(&p->wire))
		http_wire_shut(&p->wire);
}

static void send_answer(struct http_peer *p, const struct http_answer *a)
{
	cleanup_buf struct buf b = { 0 };
	http_put_answer(&b, a, p->close);
	bool sent = !buf_err(&b) && bufferevent_write(p->wire.bev, b.data, b.len) == 0;
	if (sent && !p->close) {
		p->state = HTTP_PEER_HEAD;
		http_wire_deadline(&p->wire, IDLE_MS);
		return;
	}
	http_peer_leave(p);
}

static void refuse(struct http_peer *p, unsigned status, const char *sentence)
{
	cleanup_http_answer struct http_answer a = { 0 };
	p->close = true;
	http_answer_say(&a, status, sentence);
	send_answer(p, &a);
}

static void answer(struct http_peer *p)
{
	const struct http_handler *h = &p->server->options.handler;
	cleanup_http_answer struct http_answer a = { 0 };
	p->request.body = (struct span){ p->body.data, p->body.len };
	p->request.tls = http_wire_tls(&p->wire);
	p->request.fd = bufferevent_getfd(p->wire.bev);
	h->answer(h->ctx, &p->request, &a);
	/* It may have held a secret. */
	buf_wipe(&p->body);
	buf_done(&p->body);
	send_answer(p, &a);
}

static void begin_body(struct http_peer *p, const struct http_head *h)
{
	if (!h->has_length || h->length == 0) {
		answer(p);
		return;
	}
	if (!buf_extend(&p->body, (size_t)h->length)) {
		refuse(p, 503, "There is no memory for this request now.");
		return;
	}
	p->got = 0;
	p->state = HTTP_PEER_BODY;
	http_wire_deadline(&p->wire, p->server->options.timeout_ms);
	if (h->expects)
		bufferevent_write(p->wire.bev, HTTP_CONTINUE, strlen(HTTP_CONTINUE));
}

static void take_head(struct http_peer *p, const struct http_head *h)
{
	const struct http_handler *handler = &p->server->options.handler;
	cleanup_http_answer struct http_answer a = { 0 };
	p->close = h->close;
	p->request = (struct http_request){ .method = h->method, .target = h->target };
	if (handler->admit(handler->ctx, h, &a)) {
		begin_body(p, h);
		return;
	}
	p->close = true;
	send_answer(p, &a);
}

/* True if there may be more to do. A peer that does not read its answers is asked nothing more. */
static bool read_head(struct http_peer *p)
{
	struct http_head h;
	if (!http_wire_all_sent(&p->wire))
		return false;
	ssize_t used = http_wire_head(&p->wire, NULL, &h);
	if (used == 0)
		return false;
	if (used < 0) {
		refuse(p, 400, "The request is not HTTP/1.1 as this server speaks it.");
		return true;
	}
	buf_reset(&p->head);
	uint8_t *kept = buf_extend(&p->head, (size_t)used);
	if (!kept) {
		refuse(p, 503, "There is no memory for this request now.");
		return true;
	}
	http_wire_take(&p->wire, kept, (size_t)used);
	used = http_parse_head((struct span){ kept, (size_t)used }, NULL, &h);
	assert(used > 0);
	take_head(p, &h);
	return true;
}

static bool read_body(struct http_peer *p)
{
	p->got += http_wire_take(&p->wire, p->body.data + p->got, p->body.len - p->got);
	if (p->got < p->body.len)
		return false;
	answer(p);
	return true;
}

static bool advance(struct http_peer *p)
{
	switch (p->state) {
	case HTTP_PEER_HEAD:
		return read_head(p);
	case HTTP_PEER_BODY:
		return read_body(p);
	case HTTP_PEER_LEAVING:
		http_wire_drain(&p->wire);
		return false;
	case HTTP_PEER_HANDSHAKE:
		return false;
	}
	return false;
}

static void on_read(struct bufferevent *bev maybe_unused, void *arg)
{
	struct http_peer *p = arg;
	while (advance(p))
		;
}

static void on_written(struct bufferevent *bev, void *arg)
{
	struct http_peer *p = arg;
	if (p->state == HTTP_PEER_LEAVING)
		http_wire_shut(&p->wire);
	else
		on_read(bev, p);
}

static void on_connected(struct http_peer *p)
{
	struct http_server *s = p->server;
	if (SSL_get0_peer_certificate(http_wire_tls(&p->wire))) {
		TAILQ_REMOVE(&s->strangers, p, list);
		TAILQ_INSERT_TAIL(&s->known, p, list);
		p->known = true;
	}
	p->state = HTTP_PEER_HEAD;
	http_wire_deadline(&p->wire, s->options.timeout_ms);
	on_read(p->wire.bev, p);
}

static void on_event(struct bufferevent *bev maybe_unused, short what, void *arg)
{
	struct http_peer *p = arg;
	if (what & BEV_EVENT_CONNECTED) {
		on_connected(p);
		return;
	}
	if (what & BEV_EVENT_ERROR) {
		char words[160];
		tls_error(words, sizeof(words));
		if (p->state == HTTP_PEER_HANDSHAKE)
			log_debug("a handshake failed: %s", words);
	}
	http_peer_free(p);
}

static void on_deadline(evutil_socket_t fd maybe_unused, short what maybe_unused, void *arg)
{
	http_peer_free(arg);
}

static bool make_room(struct http_server *s)
{
	if (s->connections < s->options.max_connections)
		return true;
	if (TAILQ_EMPTY(&s->strangers))
		return false;
	http_peer_free(TAILQ_FIRST(&s->strangers));
	return true;
}

void http_peer_accept(struct http_server *s, evutil_socket_t fd)
{
	struct http_peer *p = make_room(s) ? calloc(1, sizeof(*p)) : NULL;
	if (!p) {
		close(fd);
		return;
	}
	p->server = s;
	TAILQ_INSERT_TAIL(&s->strangers, p, list);
	s->connections++;
	const struct http_wire_calls calls = { on_read, on_written, on_event, on_deadline, p };
	if (http_wire_open(&p->wire, s->options.base, s->options.tls, fd, INPUT_BYTES, &calls) < 0) {
		http_peer_free(p);
		return;
	}
	http_wire_deadline(&p->wire, s->options.timeout_ms);
}

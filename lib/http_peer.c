#include "lib/http_peer.h"

#include <sys/socket.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>

#include "lib/log.h"
#include "lib/tls.h"

#define IDLE_MS  75000 /* between two requests */
#define LEAVE_MS 3000

#define INPUT_BYTES ((size_t)32 << 10) /* read ahead from one peer */

static void set_deadline(struct http_peer *p, unsigned ms)
{
	struct timeval after = { .tv_sec = ms / 1000, .tv_usec = (suseconds_t)(ms % 1000) * 1000 };
	evtimer_add(p->deadline, &after);
}

void http_peer_free(struct http_peer *p)
{
	struct http_server *s = p->server;
	TAILQ_REMOVE(p->known ? &s->known : &s->strangers, p, list);
	s->connections--;
	if (p->deadline)
		event_free(p->deadline);
	if (p->bev)
		bufferevent_free(p->bev);
	buf_done(&p->head);
	buf_done(&p->body);
	free(p);
}

/* The answer has left: say so, and wait a moment for the peer to have read it. */
static void shut(struct http_peer *p)
{
	char words[128];
	if (p->shut)
		return;
	p->shut = true;
	SSL_shutdown(bufferevent_openssl_get_ssl(p->bev));
	shutdown(bufferevent_getfd(p->bev), SHUT_WR);
	tls_error(words, sizeof(words));
}

static bool all_is_sent(const struct http_peer *p)
{
	return evbuffer_get_length(bufferevent_get_output(p->bev)) == 0;
}

void http_peer_leave(struct http_peer *p)
{
	p->state = HTTP_PEER_LEAVING;
	set_deadline(p, LEAVE_MS);
	if (all_is_sent(p))
		shut(p);
}

static void send_answer(struct http_peer *p, const struct http_answer *a)
{
	cleanup_buf struct buf b = { 0 };
	http_put_answer(&b, a, p->close);
	bool sent = !buf_err(&b) && bufferevent_write(p->bev, b.data, b.len) == 0;
	if (sent && !p->close) {
		p->state = HTTP_PEER_HEAD;
		set_deadline(p, IDLE_MS);
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
	p->request.tls = bufferevent_openssl_get_ssl(p->bev);
	p->request.fd = bufferevent_getfd(p->bev);
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
	set_deadline(p, p->server->options.timeout_ms);
	if (h->expects)
		bufferevent_write(p->bev, HTTP_CONTINUE, strlen(HTTP_CONTINUE));
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
	struct evbuffer *in = bufferevent_get_input(p->bev);
	size_t n = MIN(evbuffer_get_length(in), (size_t)HTTP_MAX_HEAD);
	struct http_head h;
	if (n == 0 || !all_is_sent(p))
		return false;
	ssize_t used = http_parse_head((struct span){ evbuffer_pullup(in, (ev_ssize_t)n), n }, NULL, &h);
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
	evbuffer_remove(in, kept, (size_t)used);
	used = http_parse_head((struct span){ kept, (size_t)used }, NULL, &h);
	assert(used > 0);
	take_head(p, &h);
	return true;
}

static bool read_body(struct http_peer *p)
{
	int n = evbuffer_remove(bufferevent_get_input(p->bev), p->body.data + p->got, p->body.len - p->got);
	if (n > 0)
		p->got += (size_t)n;
	if (p->got < p->body.len)
		return false;
	answer(p);
	return true;
}

static bool advance(struct http_peer *p)
{
	struct evbuffer *in = bufferevent_get_input(p->bev);
	switch (p->state) {
	case HTTP_PEER_HEAD:
		return read_head(p);
	case HTTP_PEER_BODY:
		return read_body(p);
	case HTTP_PEER_LEAVING:
		evbuffer_drain(in, evbuffer_get_length(in));
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
		shut(p);
	else
		on_read(bev, p);
}

static void on_connected(struct http_peer *p)
{
	struct http_server *s = p->server;
	if (SSL_get0_peer_certificate(bufferevent_openssl_get_ssl(p->bev))) {
		TAILQ_REMOVE(&s->strangers, p, list);
		TAILQ_INSERT_TAIL(&s->known, p, list);
		p->known = true;
	}
	p->state = HTTP_PEER_HEAD;
	set_deadline(p, s->options.timeout_ms);
	on_read(p->bev, p);
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

static int open_buffers(struct http_peer *p, evutil_socket_t fd)
{
	const struct http_server_options *o = &p->server->options;
	SSL *ssl = SSL_new(o->tls);
	if (ssl)
		p->bev = bufferevent_openssl_socket_new(o->base, fd, ssl, BUFFEREVENT_SSL_ACCEPTING,
		                                        BEV_OPT_CLOSE_ON_FREE);
	if (!p->bev) {
		SSL_free(ssl);
		close(fd);
		return -ENOMEM;
	}
	/* A peer that ends without close_notify is at its end all the same: lengths tell what was whole. */
	bufferevent_openssl_set_allow_dirty_shutdown(p->bev, 1);
	bufferevent_setwatermark(p->bev, EV_READ, 0, INPUT_BYTES);
	bufferevent_setcb(p->bev, on_read, on_written, on_event, p);
	return bufferevent_enable(p->bev, EV_READ | EV_WRITE) < 0 ? -EIO : 0;
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
	p->deadline = evtimer_new(s->options.base, on_deadline, p);
	if (!p->deadline) {
		close(fd);
		http_peer_free(p);
		return;
	}
	if (open_buffers(p, fd) < 0) {
		http_peer_free(p);
		return;
	}
	set_deadline(p, s->options.timeout_ms);
}

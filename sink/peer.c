#include "sink/peer.h"

#include <sys/socket.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>

#include "lib/log.h"
#include "lib/tls.h"
#include "sink/schedule.h"

/* How long a peer may take; a host sends every ten seconds. */
#define HANDSHAKE_S 10
#define FIRST_S     30
#define IDLE_S      75
#define BODY_S      120
#define LEAVE_S     3

#define INPUT_BYTES          ((size_t)128 << 10) /* read ahead from one peer */
#define MAX_HOST_CONNECTIONS 8
/* Bodies of all peers together; large ones leave room for the small ones that most hosts send. */
#define SMALL_BODY       ((size_t)256 << 10)
#define MAX_LARGE_BODIES ((size_t)256 << 20)
#define MAX_BODIES       ((size_t)512 << 20)

static void set_deadline(struct peer *p, time_t seconds)
{
	if (seconds > 0)
		evtimer_add(p->deadline, &(struct timeval){ .tv_sec = seconds });
	else
		evtimer_del(p->deadline);
}

static void release_body(struct peer *p)
{
	p->server->reserved_bytes -= p->body.len;
	buf_done(&p->body);
	p->got = 0;
}

static void drop_request(struct peer *p)
{
	if (p->state != PEER_QUEUED && p->state != PEER_WAITING)
		return;
	schedule_forget(p->server, p);
	p->server->reserved_bytes -= p->append.body.len;
	append_done(&p->append);
}

void peer_free(struct peer *p)
{
	struct server *s = p->server;
	drop_request(p);
	release_body(p);
	TAILQ_REMOVE(p->host ? &s->hosts : &s->strangers, p, list);
	if (p->host)
		p->host->connections--;
	s->connections--;
	if (p->deadline)
		event_free(p->deadline);
	if (p->bev)
		bufferevent_free(p->bev);
	free(p);
}

/* The answer has left: say so, and wait a moment for the peer to have read it. */
static void shut(struct peer *p)
{
	if (p->shut)
		return;
	p->shut = true;
	SSL_shutdown(bufferevent_openssl_get_ssl(p->bev));
	shutdown(bufferevent_getfd(p->bev), SHUT_WR);
	char words[128];
	tls_error(words, sizeof(words));
}

static void leave(struct peer *p)
{
	p->state = PEER_LEAVING;
	set_deadline(p, LEAVE_S);
	if (evbuffer_get_length(bufferevent_get_output(p->bev)) == 0)
		shut(p);
}

/* False if it could not be handed over. */
static bool send_answer(struct peer *p, const struct answer *a)
{
	cleanup_buf struct buf head = { 0 };
	http_put_head(&head, a->status, a->body.len, p->close);
	return !buf_err(&head) && !a->body.err && bufferevent_write(p->bev, head.data, head.len) == 0 &&
	       bufferevent_write(p->bev, a->body.data, a->body.len) == 0;
}

static void refuse(struct peer *p, const struct answer *a)
{
	p->close = true;
	(void)send_answer(p, a);
	leave(p);
}

static void refuse_with(struct peer *p, unsigned status, const char *word, const char *sentence)
{
	cleanup_answer struct answer a = { 0 };
	answer_error(&a, status, word, sentence);
	refuse(p, &a);
}

static bool has_room(const struct server *s, uint64_t length)
{
	size_t limit = length > SMALL_BODY ? MAX_LARGE_BODIES : MAX_BODIES;
	return s->reserved_bytes + length <= limit;
}

static void begin_body(struct peer *p, const struct http_head *h)
{
	if (p->server->stopping || p->server->core->dead || !has_room(p->server, h->length) ||
	    !buf_extend(&p->body, (size_t)h->length)) {
		buf_done(&p->body);
		refuse_with(p, 503, "unavailable", "The sink can't take this now; try again later.");
		return;
	}
	p->server->reserved_bytes += p->body.len;
	p->got = 0;
	p->state = PEER_BODY;
	set_deadline(p, BODY_S);
	if (h->expects)
		bufferevent_write(p->bev, HTTP_CONTINUE, strlen(HTTP_CONTINUE));
}

static void take_head(struct peer *p, const struct http_head *h)
{
	cleanup_answer struct answer a = { 0 };
	/* A statement may have come since the handshake. */
	bool current = p->host && hash_equal(&p->certificate, &p->host->standing.certificate);
	const struct host *host = current ? p->host : NULL;
	p->close = p->close || h->close;
	if (p->crowded)
		refuse_with(p, 503, "crowded", "This host has too many connections already.");
	else if (gate_check(host, h, &p->pass, &a) == 200)
		begin_body(p, h);
	else
		refuse(p, &a);
}

/* True if there may be more to do. */
static bool read_head(struct peer *p)
{
	struct evbuffer *in = bufferevent_get_input(p->bev);
	size_t n = MIN(evbuffer_get_length(in), (size_t)HTTP_MAX_HEAD);
	struct http_head h;
	ssize_t used = 0;
	if (n > 0)
		used = http_parse_head((struct span){ evbuffer_pullup(in, (ev_ssize_t)n), n }, GATE_FIELD,
		                       &h);
	if (used == 0)
		return false;
	if (used < 0) {
		refuse_with(p, 400, "malformed", "The request is not HTTP/1.1 as the sink speaks it.");
		return true;
	}
	take_head(p, &h);
	evbuffer_drain(in, (size_t)used);
	return true;
}

static bool read_body(struct peer *p)
{
	int n = evbuffer_remove(bufferevent_get_input(p->bev), p->body.data + p->got, p->body.len - p->got);
	if (n > 0)
		p->got += (size_t)n;
	if (p->got < p->body.len)
		return false;
	append_start(&p->append, p->server->core, p->host, &p->body, p->pass.held);
	p->append.verb = p->pass.verb;
	p->state = PEER_QUEUED;
	set_deadline(p, 0);
	schedule_add(p->server, p);
	return false;
}

static bool advance(struct peer *p)
{
	struct evbuffer *in = bufferevent_get_input(p->bev);
	switch (p->state) {
	case PEER_HEAD:
		return read_head(p);
	case PEER_BODY:
		return read_body(p);
	case PEER_LEAVING:
		evbuffer_drain(in, evbuffer_get_length(in));
		return false;
	case PEER_HANDSHAKE:
	case PEER_QUEUED:
	case PEER_WAITING:
		return false;
	}
	return false;
}

static void on_read(struct bufferevent *bev maybe_unused, void *arg)
{
	struct peer *p = arg;
	while (advance(p))
		;
}

static void on_written(struct bufferevent *bev maybe_unused, void *arg)
{
	struct peer *p = arg;
	if (p->state == PEER_LEAVING)
		shut(p);
}

static void claim(struct peer *p)
{
	char uri[TLS_URI_MAX + 1];
	struct hash spki;
	struct server *s = p->server;
	p->state = PEER_HEAD;
	set_deadline(p, FIRST_S);
	if (tls_peer(bufferevent_openssl_get_ssl(p->bev), uri, &spki) < 0)
		return;
	struct host *h = gate_host(s->core, uri, &spki);
	p->crowded = h && h->connections >= MAX_HOST_CONNECTIONS;
	if (!h || p->crowded)
		return;
	TAILQ_REMOVE(&s->strangers, p, list);
	TAILQ_INSERT_TAIL(&s->hosts, p, list);
	h->connections++;
	p->host = h;
	p->certificate = spki;
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
	struct peer *p = arg;
	if (what & BEV_EVENT_CONNECTED) {
		claim(p);
		on_read(bev, p);
		return;
	}
	if (what & BEV_EVENT_ERROR) {
		char words[160];
		tls_error(words, sizeof(words));
		if (p->state == PEER_HANDSHAKE)
			log_debug("a handshake failed: %s", words);
	}
	peer_free(p);
}

static void on_deadline(evutil_socket_t fd maybe_unused, short what maybe_unused, void *arg)
{
	peer_free(arg);
}

/* A full house makes room for a newcomer with the stranger that has been here longest. */
static bool make_room(struct server *s)
{
	if (s->connections < s->max_connections)
		return true;
	if (TAILQ_EMPTY(&s->strangers))
		return false;
	peer_free(TAILQ_FIRST(&s->strangers));
	return true;
}

static int open_buffers(struct peer *p, evutil_socket_t fd)
{
	SSL *ssl = SSL_new(p->server->tls);
	if (ssl)
		p->bev = bufferevent_openssl_socket_new(p->server->base, fd, ssl, BUFFEREVENT_SSL_ACCEPTING,
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

void peer_accept(struct server *s, evutil_socket_t fd)
{
	struct peer *p = make_room(s) ? calloc(1, sizeof(*p)) : NULL;
	if (!p) {
		close(fd);
		return;
	}
	p->server = s;
	p->state = PEER_HANDSHAKE;
	TAILQ_INSERT_TAIL(&s->strangers, p, list);
	s->connections++;
	p->deadline = evtimer_new(s->base, on_deadline, p);
	if (!p->deadline) {
		close(fd);
		peer_free(p);
		return;
	}
	if (open_buffers(p, fd) < 0) {
		peer_free(p);
		return;
	}
	set_deadline(p, HANDSHAKE_S);
}

void peer_answer(struct peer *p)
{
	bool sent = send_answer(p, &p->append.answer);
	p->server->reserved_bytes -= p->append.body.len;
	append_done(&p->append);
	p->state = PEER_HEAD;
	if (!sent || p->close || p->server->stopping) {
		leave(p);
		return;
	}
	set_deadline(p, IDLE_S);
	on_read(p->bev, p);
}

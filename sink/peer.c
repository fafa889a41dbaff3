#include "sink/peer.h"

#include <unistd.h>

#include <event2/buffer.h>

#include "lib/log.h"
#include "lib/tls.h"
#include "sink/schedule.h"

/* How long a peer may take; a host sends every ten seconds. */
#define HANDSHAKE_MS 10000
#define FIRST_MS     30000
#define IDLE_MS      75000
#define BODY_MS      120000
#define LEAVE_MS     3000

#define INPUT_BYTES          ((size_t)128 << 10) /* read ahead from one peer */
#define MAX_HOST_CONNECTIONS 8
/* Bodies of all peers together; large ones leave room for the small ones that most hosts send. */
#define SMALL_BODY       ((size_t)256 << 10)
#define MAX_LARGE_BODIES ((size_t)256 << 20)
#define MAX_BODIES       ((size_t)512 << 20)

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
	http_wire_close(&p->wire);
	free(p);
}

static void leave(struct peer *p)
{
	p->state = PEER_LEAVING;
	http_wire_deadline(&p->wire, LEAVE_MS);
	if (http_wire_all_sent(&p->wire))
		http_wire_shut(&p->wire);
}

/* False if it could not be handed over. */
static bool send_answer(struct peer *p, const struct answer *a)
{
	cleanup_buf struct buf head = { 0 };
	http_put_head(&head, a->status, a->body.len, p->close);
	return !buf_err(&head) && !a->body.err && bufferevent_write(p->wire.bev, head.data, head.len) == 0 &&
	       bufferevent_write(p->wire.bev, a->body.data, a->body.len) == 0;
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
	http_wire_deadline(&p->wire, BODY_MS);
	if (h->expects)
		bufferevent_write(p->wire.bev, HTTP_CONTINUE, strlen(HTTP_CONTINUE));
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
	struct http_head h;
	ssize_t used = http_wire_head(&p->wire, GATE_FIELD, &h);
	if (used == 0)
		return false;
	if (used < 0) {
		refuse_with(p, 400, "malformed", "The request is not HTTP/1.1 as the sink speaks it.");
		return true;
	}
	take_head(p, &h);
	evbuffer_drain(bufferevent_get_input(p->wire.bev), (size_t)used);
	return true;
}

static bool read_body(struct peer *p)
{
	p->got += http_wire_take(&p->wire, p->body.data + p->got, p->body.len - p->got);
	if (p->got < p->body.len)
		return false;
	append_start(&p->append, p->server->core, p->host, &p->body, p->pass.held);
	p->append.verb = p->pass.verb;
	p->state = PEER_QUEUED;
	http_wire_deadline(&p->wire, 0);
	schedule_add(p->server, p);
	return false;
}

static bool advance(struct peer *p)
{
	switch (p->state) {
	case PEER_HEAD:
		return read_head(p);
	case PEER_BODY:
		return read_body(p);
	case PEER_LEAVING:
		http_wire_drain(&p->wire);
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
		http_wire_shut(&p->wire);
}

static void claim(struct peer *p)
{
	char uri[TLS_URI_MAX + 1];
	struct hash spki;
	struct server *s = p->server;
	p->state = PEER_HEAD;
	http_wire_deadline(&p->wire, FIRST_MS);
	if (tls_peer(http_wire_tls(&p->wire), uri, &spki) < 0)
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
	const struct http_wire_calls calls = { on_read, on_written, on_event, on_deadline, p };
	if (http_wire_open(&p->wire, s->base, s->tls, fd, INPUT_BYTES, &calls) < 0) {
		peer_free(p);
		return;
	}
	http_wire_deadline(&p->wire, HANDSHAKE_MS);
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
	http_wire_deadline(&p->wire, IDLE_MS);
	on_read(p->wire.bev, p);
}

/* The wire of one HTTPS connection on the server's side: TLS over libevent, with a deadline, and an end that
 * the peer can read up to. */
#ifndef SWORNLOG_LIB_HTTP_WIRE_H
#define SWORNLOG_LIB_HTTP_WIRE_H

#include <openssl/ssl.h>

#include <event2/bufferevent.h>
#include <event2/event.h>

#include "lib/http.h"

/* A zeroed one is closed. */
struct http_wire {
	struct bufferevent *bev;
	struct event *deadline;
	bool shut; /* nothing more will be sent */
};

struct http_wire_calls {
	bufferevent_data_cb read, written;
	bufferevent_event_cb event;
	event_callback_fn late; /* the deadline has come */
	void *ctx;
};

/* Begin the handshake. At most input_bytes are read ahead. The descriptor becomes the wire's, and is closed
 * on error too. */
must_check int http_wire_open(struct http_wire *w, struct event_base *base, SSL_CTX *tls, evutil_socket_t fd,
                              size_t input_bytes, const struct http_wire_calls *calls);
void http_wire_close(struct http_wire *w);
SSL *http_wire_tls(const struct http_wire *w);

/* In place of the one before; 0: none. */
void http_wire_deadline(struct http_wire *w, unsigned ms);
bool http_wire_all_sent(const struct http_wire *w);
/* What was sent has left: say that no more comes, and leave the peer to read it. */
void http_wire_shut(struct http_wire *w);
/* Throw away what came in. */
void http_wire_drain(struct http_wire *w);
/* As http_parse_head, of what came in, which stays there: *ret points into it until the next call. */
must_check ssize_t http_wire_head(struct http_wire *w, const char *field, struct http_head *ret);
/* Take at most n bytes of what came in. */
size_t http_wire_take(struct http_wire *w, void *p, size_t n);

#endif

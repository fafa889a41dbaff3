/* An HTTPS server: certificates on both sides, one request after the other on a connection, each with a
 * bounded head and body, slow peers sent away.
 *
 * One thread, on the caller's libevent loop. A handler answers at once; what may block it is the disk alone.
 */
#ifndef SWORNLOG_LIB_HTTP_SERVER_H
#define SWORNLOG_LIB_HTTP_SERVER_H

#include <openssl/ssl.h>

#include <event2/event.h>

#include "lib/http.h"

struct http_request {
	struct span method, target, body;
	SSL *tls; /* whose connection it is; without a peer's certificate where the context allows that */
	int fd;
};

struct http_handler {
	/* From the head alone, before its body is read: true, or the answer to send instead, after which the
	 * connection ends. A body comes in whole: what is admitted bounds its length. */
	bool (*admit)(void *ctx, const struct http_head *head, struct http_answer *ret);
	void (*answer)(void *ctx, const struct http_request *request, struct http_answer *ret);
	void *ctx;
};

struct http_server_options {
	const char *listen;      /* address:port */
	size_t max_connections;  /* beyond it the oldest that has not shown a certificate yet has to go */
	unsigned timeout_ms;     /* for a handshake, for the first head, for a body */
	struct event_base *base; /* these two are used, not owned */
	SSL_CTX *tls;
	struct http_handler handler;
};

struct http_server;

/* Listen. `error` gets a sentence. */
must_check int http_server_open(const struct http_server_options *o, struct http_server **ret, char *error,
                                size_t error_size);
/* What it listens on. */
const char *http_server_address(const struct http_server *s);
/* No more connections and requests: those that are there get what they have been answered, then their end. */
void http_server_stop(struct http_server *s);
void http_server_free(struct http_server *s);

#endif

/* One connection of an HTTPS server: handshake, requests, answers, time limits. */
#ifndef SWORNLOG_LIB_HTTP_PEER_H
#define SWORNLOG_LIB_HTTP_PEER_H

#include <sys/queue.h>

#include <event2/listener.h>

#include "lib/http_server.h"
#include "lib/http_wire.h"
#include "lib/listen.h"

struct http_peer;
TAILQ_HEAD(http_peer_list, http_peer);

struct http_server {
	struct http_server_options options;
	struct evconnlistener *listener;
	char address[LISTEN_NAME_MAX + 1];
	struct http_peer_list strangers; /* no certificate seen yet, oldest first */
	struct http_peer_list known;
	size_t connections;
};

enum http_peer_state {
	HTTP_PEER_HANDSHAKE,
	HTTP_PEER_HEAD,
	HTTP_PEER_BODY,
	HTTP_PEER_LEAVING, /* the last answer is on its way; what comes in is thrown away */
};

struct http_peer {
	TAILQ_ENTRY(http_peer) list;
	struct http_server *server;
	struct http_wire wire;
	enum http_peer_state state;
	bool known; /* has shown a certificate */
	bool close; /* after the answer */
	struct buf head;
	struct http_request request; /* method and target point into `head` */
	struct buf body;             /* its len is the whole length from the start */
	size_t got;
};

/* Take an accepted connection; the descriptor is closed in any case. */
void http_peer_accept(struct http_server *s, evutil_socket_t fd);
void http_peer_free(struct http_peer *p);
/* Of one that is known: send what is under way, and end it. */
void http_peer_leave(struct http_peer *p);

#endif

/* One connection of a host: handshake, requests, answers, time limits. */
#ifndef SWORNLOG_SINK_PEER_H
#define SWORNLOG_SINK_PEER_H

#include "lib/http_wire.h"
#include "sink/gate.h"
#include "sink/server.h"

enum peer_state {
	PEER_HANDSHAKE,
	PEER_HEAD,
	PEER_BODY,
	PEER_QUEUED,  /* in the server's queue */
	PEER_WAITING, /* for a commit */
	PEER_LEAVING, /* the last answer is on its way; what comes in is thrown away */
};

struct peer {
	TAILQ_ENTRY(peer) list; /* strangers or hosts */
	TAILQ_ENTRY(peer) turn; /* queue or waiting */
	struct server *server;
	struct http_wire wire;
	enum peer_state state;
	struct host *host;       /* NULL: a stranger */
	struct hash certificate; /* that it has shown */
	bool crowded;            /* the host it claims to be has too many connections */
	bool close;              /* after the answer */
	struct buf body;         /* its len is the whole length from the start */
	size_t got;
	struct gate_pass pass;
	struct append append; /* while queued or waiting */
};

/* Take an accepted connection; the descriptor is closed in any case. */
void peer_accept(struct server *s, evutil_socket_t fd);
void peer_free(struct peer *p);
/* The append is answered: send it and go on. The peer may be gone afterwards. */
void peer_answer(struct peer *p);

#endif

/* The server's state, shared by the files that implement server.h. Nobody else includes it. */
#ifndef SWORNLOG_SEALER_SERVER_STATE_H
#define SWORNLOG_SEALER_SERVER_STATE_H

#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>

#include "sealer/server.h"

struct server {
	struct server_options options;
	struct sealer *sealer;
	struct event_base *base;
	struct evconnlistener *events;
	struct evconnlistener *receipts;
	struct bufferevent *collector;
	struct bufferevent *shipper;
	pid_t shipper_pid;
	struct event *timer;
	struct event *status_timer;
	uint64_t status_us; /* when that last went off */
	struct event *signals[2];
	/* What the shipper was last told. */
	uint32_t told_epoch;
	uint64_t told_first;
	uint64_t told_held;
	bool stopping;
	uint64_t linger_us;
	int result;
};

/* Close a connection that may be there. */
void server_drop(struct bufferevent **b);
/* After whatever happened: seal if it is time, tell the shipper, and sleep until the next time. */
void server_settle(struct server *s, int result);

/* To the shipper, where there is one: what is sealed and held, if that has changed, and where to go on. */
void server_tell_ready(struct server *s);
void server_tell_ship_from(struct server *s);
void server_on_shipper_read(struct bufferevent *b, void *arg);
void server_on_shipper_event(struct bufferevent *b, short what, void *arg);

#endif

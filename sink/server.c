#include "sink/server.h"

#include <signal.h>
#include <stdio.h>

#include "lib/end_signals.h"
#include "lib/listen_tcp.h"
#include "lib/log.h"
#include "sink/peer.h"
#include "sink/schedule.h"
#include "sink/upkeep.h"

#define BACKLOG       1024
#define LAST_WORDS_MS 300

static void on_accept(struct evconnlistener *listener maybe_unused, evutil_socket_t fd,
                      struct sockaddr *address maybe_unused, int length maybe_unused, void *arg)
{
	peer_accept(arg, fd);
}

static void on_accept_error(struct evconnlistener *listener maybe_unused, void *arg)
{
	struct server *s = arg;
	/* No descriptors: the oldest stranger has to go. */
	if (!TAILQ_EMPTY(&s->strangers))
		peer_free(TAILQ_FIRST(&s->strangers));
}

static void raise_limit(struct server *s)
{
	size_t wanted = s->max_connections;
	listen_raise_limit(&s->max_connections);
	if (s->max_connections < wanted)
		log_info("only %zu connections: more open files are not allowed", s->max_connections);
}

int server_open(const struct server_options *o, struct core *core, SSL_CTX *tls, const struct worker *worker,
                struct server **ret, char *error, size_t error_size)
{
	struct server *s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->core = core;
	s->tls = tls;
	s->worker = *worker;
	s->witnesses = o->witnesses;
	s->commit_interval_us = o->commit_interval_ms * 1000;
	s->max_connections = o->max_connections;
	s->started_us = core->env->boot_us(core->env);
	TAILQ_INIT(&s->strangers);
	TAILQ_INIT(&s->hosts);
	raise_limit(s);
	s->base = event_base_new();
	int r = s->base ? schedule_init(s) : -ENOMEM;
	if (r == 0)
		r = upkeep_init(s, o->publish_interval_ms);
	if (r < 0)
		snprintf(error, error_size, "the event loop can't be set up: %s", strerror(-r));
	else
		r = listen_tcp(s->base, o->listen, BACKLOG,
		               &(struct listen_calls){ on_accept, on_accept_error, s }, &s->listener,
		               s->address, error, error_size);
	if (r < 0) {
		server_free(s);
		return r;
	}
	*ret = s;
	return 0;
}

void server_free(struct server *s)
{
	if (!s)
		return;
	while (!TAILQ_EMPTY(&s->strangers))
		peer_free(TAILQ_FIRST(&s->strangers));
	while (!TAILQ_EMPTY(&s->hosts))
		peer_free(TAILQ_FIRST(&s->hosts));
	if (s->listener)
		evconnlistener_free(s->listener);
	upkeep_done(s);
	schedule_done(s);
	if (s->base)
		event_base_free(s->base);
	worker_stop(&s->worker);
	free(s);
}

/* Everybody whose request is whole gets an answer: checked, or told to try again. */
static void answer_all(struct server *s)
{
	struct peer *p;
	schedule_commit(s);
	while ((p = TAILQ_FIRST(&s->queue))) {
		TAILQ_REMOVE(&s->queue, p, turn);
		answer_error(&p->append.answer, 503, "unavailable", "The sink stops; try again later.");
		peer_answer(p);
	}
}

void server_stop(struct server *s, int exit_status)
{
	if (s->stopping)
		return;
	s->stopping = true;
	s->exit_status = exit_status;
	evconnlistener_disable(s->listener);
	answer_all(s);
	event_base_loopexit(s->base, &(struct timeval){ .tv_usec = LAST_WORDS_MS * 1000 });
}

static void on_signal(void *ctx)
{
	server_stop(ctx, 0);
}

int server_run(struct server *s)
{
	signal(SIGPIPE, SIG_IGN);
	struct end_signals signals;
	end_signals_init(&signals, s->base, on_signal, s);
	log_info("listening on %s", s->address);
	event_base_dispatch(s->base);
	end_signals_done(&signals);
	return s->exit_status;
}

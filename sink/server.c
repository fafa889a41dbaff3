#include "sink/server.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>

#include "lib/log.h"
#include "sink/peer.h"
#include "sink/schedule.h"
#include "sink/upkeep.h"

#define BACKLOG       1024
#define SPARE_FDS     64
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

static void name_address(struct server *s, evutil_socket_t fd)
{
	struct sockaddr_storage a;
	socklen_t n = sizeof(a);
	char host[INET6_ADDRSTRLEN] = "?";
	if (getsockname(fd, (struct sockaddr *)&a, &n) < 0)
		return;
	if (a.ss_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&a;
		inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof(host));
		snprintf(s->address, sizeof(s->address), "[%s]:%u", host, ntohs(in6->sin6_port));
		return;
	}
	const struct sockaddr_in *in = (const struct sockaddr_in *)&a;
	inet_ntop(AF_INET, &in->sin_addr, host, sizeof(host));
	snprintf(s->address, sizeof(s->address), "%s:%u", host, ntohs(in->sin_port));
}

/* ADDRESS:PORT, numbers only, an IPv6 address in brackets. *ret is freed with freeaddrinfo. */
static int parse_address(const char *where, struct addrinfo **ret)
{
	char host[INET6_ADDRSTRLEN + 2];
	const char *colon = strrchr(where, ':');
	size_t n = colon ? (size_t)(colon - where) : 0;
	if (n == 0 || n >= sizeof(host))
		return -EINVAL;
	bool bracketed = where[0] == '[' && where[n - 1] == ']';
	if (!bracketed && memchr(where, ':', n))
		return -EINVAL;
	snprintf(host, sizeof(host), "%.*s", (int)(bracketed ? n - 2 : n), where + (bracketed ? 1 : 0));
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
		                  .ai_socktype = SOCK_STREAM };
	return getaddrinfo(host, colon + 1, &hints, ret) == 0 ? 0 : -EINVAL;
}

static int start_listening(struct server *s, const char *where, char *error, size_t error_size)
{
	struct addrinfo *a;
	int r = parse_address(where, &a);
	if (r < 0) {
		snprintf(error, error_size, "listen: '%s' is not ADDRESS:PORT", where);
		return r;
	}
	s->listener = evconnlistener_new_bind(
	        s->base, on_accept, s, LEV_OPT_REUSEABLE | LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC,
	        BACKLOG, a->ai_addr, (int)a->ai_addrlen);
	r = s->listener ? 0 : errno ? -errno : -EIO;
	freeaddrinfo(a);
	if (r < 0) {
		snprintf(error, error_size, "can't listen on %s: %s", where, strerror(-r));
		return r;
	}
	evconnlistener_set_error_cb(s->listener, on_accept_error);
	name_address(s, evconnlistener_get_fd(s->listener));
	return 0;
}

/* A connection is a descriptor. */
static void raise_limit(struct server *s)
{
	struct rlimit l;
	if (getrlimit(RLIMIT_NOFILE, &l) < 0)
		return;
	rlim_t want = s->max_connections + SPARE_FDS;
	if (l.rlim_cur < want) {
		l.rlim_cur = MIN(want, l.rlim_max);
		(void)!setrlimit(RLIMIT_NOFILE, &l);
	}
	if (l.rlim_cur < want) {
		s->max_connections = l.rlim_cur > 2 * SPARE_FDS ? l.rlim_cur - SPARE_FDS : SPARE_FDS;
		log_info("only %zu connections: the limit of open files is %llu", s->max_connections,
		         (unsigned long long)l.rlim_cur);
	}
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
		r = start_listening(s, o->listen, error, error_size);
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

static void on_signal(evutil_socket_t fd maybe_unused, short what maybe_unused, void *arg)
{
	log_info("stopping");
	server_stop(arg, 0);
}

int server_run(struct server *s)
{
	signal(SIGPIPE, SIG_IGN);
	struct event *signals[] = { evsignal_new(s->base, SIGTERM, on_signal, s),
		                    evsignal_new(s->base, SIGINT, on_signal, s) };
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		if (signals[i])
			event_add(signals[i], NULL);
	}
	log_info("listening on %s", s->address);
	event_base_dispatch(s->base);
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		if (signals[i])
			event_free(signals[i]);
	}
	return s->exit_status;
}

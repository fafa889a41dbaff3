#include <signal.h>
#include <stdio.h>

#include "lib/http_peer.h"
#include "lib/listen_tcp.h"
#include "lib/log.h"

#define BACKLOG 128

static void on_accept(struct evconnlistener *listener maybe_unused, evutil_socket_t fd,
                      struct sockaddr *address maybe_unused, int length maybe_unused, void *arg)
{
	http_peer_accept(arg, fd);
}

static void on_accept_error(struct evconnlistener *listener maybe_unused, void *arg)
{
	struct http_server *s = arg;
	/* No descriptors: the oldest stranger has to go. */
	if (!TAILQ_EMPTY(&s->strangers))
		http_peer_free(TAILQ_FIRST(&s->strangers));
}

int http_server_open(const struct http_server_options *o, struct http_server **ret, char *error,
                     size_t error_size)
{
	struct http_server *s = calloc(1, sizeof(*s));
	if (!s) {
		snprintf(error, error_size, "out of memory");
		return -ENOMEM;
	}
	s->options = *o;
	TAILQ_INIT(&s->strangers);
	TAILQ_INIT(&s->known);
	listen_raise_limit(&s->options.max_connections);
	if (s->options.max_connections < o->max_connections)
		log_info("only %zu connections: more open files are not allowed", s->options.max_connections);
	signal(SIGPIPE, SIG_IGN);
	struct listen_calls calls = { on_accept, on_accept_error, s };
	int r = listen_tcp(o->base, o->listen, BACKLOG, &calls, &s->listener, s->address, error, error_size);
	if (r < 0) {
		http_server_free(s);
		return r;
	}
	*ret = s;
	return 0;
}

const char *http_server_address(const struct http_server *s)
{
	return s->address;
}

static void each(struct http_peer_list *list, void (*do_it)(struct http_peer *p))
{
	struct http_peer *p = TAILQ_FIRST(list);
	while (p) {
		struct http_peer *next = TAILQ_NEXT(p, list);
		do_it(p);
		p = next;
	}
}

void http_server_stop(struct http_server *s)
{
	evconnlistener_disable(s->listener);
	each(&s->strangers, http_peer_free);
	each(&s->known, http_peer_leave);
}

void http_server_free(struct http_server *s)
{
	if (!s)
		return;
	each(&s->strangers, http_peer_free);
	each(&s->known, http_peer_free);
	if (s->listener)
		evconnlistener_free(s->listener);
	free(s);
}

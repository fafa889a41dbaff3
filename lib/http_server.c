#include <netdb.h>
#include <signal.h>
#include <stdio.h>

#include "lib/http_peer.h"
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

static int start_listening(struct http_server *s, char *error, size_t error_size)
{
	struct addrinfo *a;
	int r = listen_parse(s->options.listen, &a);
	if (r < 0) {
		snprintf(error, error_size, "listen: '%s' is not ADDRESS:PORT", s->options.listen);
		return r;
	}
	s->listener =
	        evconnlistener_new_bind(s->options.base, on_accept, s,
	                                LEV_OPT_REUSEABLE | LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC,
	                                BACKLOG, a->ai_addr, (int)a->ai_addrlen);
	r = s->listener ? 0 : errno ? -errno : -EIO;
	freeaddrinfo(a);
	if (r < 0) {
		snprintf(error, error_size, "can't listen on %s: %s", s->options.listen, strerror(-r));
		return r;
	}
	evconnlistener_set_error_cb(s->listener, on_accept_error);
	listen_name(evconnlistener_get_fd(s->listener), s->address);
	return 0;
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
	int r = start_listening(s, error, error_size);
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

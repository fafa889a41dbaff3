#include "lib/listen_tcp.h"

#include <netdb.h>
#include <stdio.h>

int listen_tcp(struct event_base *base, const char *where, int backlog, const struct listen_calls *calls,
               struct evconnlistener **ret, char ret_name[LISTEN_NAME_MAX + 1], char *error,
               size_t error_size)
{
	struct addrinfo *a;
	int r = listen_parse(where, &a);
	if (r < 0) {
		snprintf(error, error_size, "listen: '%s' is not ADDRESS:PORT", where);
		return r;
	}
	struct evconnlistener *l =
	        evconnlistener_new_bind(base, calls->accept, calls->ctx,
	                                LEV_OPT_REUSEABLE | LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC,
	                                backlog, a->ai_addr, (int)a->ai_addrlen);
	r = l ? 0 : errno ? -errno : -EIO;
	freeaddrinfo(a);
	if (r < 0) {
		snprintf(error, error_size, "can't listen on %s: %s", where, strerror(-r));
		return r;
	}
	evconnlistener_set_error_cb(l, calls->error);
	listen_name(evconnlistener_get_fd(l), ret_name);
	*ret = l;
	return 0;
}

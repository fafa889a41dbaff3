/* A TCP listener on a libevent loop. */
#ifndef SWORNLOG_LIB_LISTEN_TCP_H
#define SWORNLOG_LIB_LISTEN_TCP_H

#include <event2/listener.h>

#include "lib/listen.h"

struct listen_calls {
	evconnlistener_cb accept;
	evconnlistener_errorcb error; /* no more descriptors, most likely */
	void *ctx;
};

/* `where` is ADDRESS:PORT as listen_parse takes it; *ret_name is what it came to. Not inherited by programs
 * that are executed. `error` gets a sentence. */
must_check int listen_tcp(struct event_base *base, const char *where, int backlog,
                          const struct listen_calls *calls, struct evconnlistener **ret,
                          char ret_name[LISTEN_NAME_MAX + 1], char *error, size_t error_size);

#endif

#include "lib/end_signals.h"

#include <signal.h>

#include "lib/log.h"

static void on_signal(evutil_socket_t fd maybe_unused, short what maybe_unused, void *arg)
{
	const struct end_signals *e = arg;
	log_info("stopping");
	e->stop(e->ctx);
}

void end_signals_init(struct end_signals *e, struct event_base *base, void (*stop)(void *ctx), void *ctx)
{
	*e = (struct end_signals){ .stop = stop,
		                   .ctx = ctx,
		                   .event = { evsignal_new(base, SIGTERM, on_signal, e),
		                              evsignal_new(base, SIGINT, on_signal, e) } };
	for (size_t i = 0; i < ARRAY_SIZE(e->event); i++) {
		if (e->event[i])
			event_add(e->event[i], NULL);
	}
}

void end_signals_done(struct end_signals *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(e->event); i++) {
		if (e->event[i])
			event_free(e->event[i]);
	}
}

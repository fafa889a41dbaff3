#include "lib/http_wire.h"

#include <sys/socket.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>

#include "lib/tls.h"

static int open_buffers(struct http_wire *w, struct event_base *base, SSL_CTX *tls, evutil_socket_t fd)
{
	SSL *ssl = SSL_new(tls);
	if (ssl)
		w->bev = bufferevent_openssl_socket_new(base, fd, ssl, BUFFEREVENT_SSL_ACCEPTING,
		                                        BEV_OPT_CLOSE_ON_FREE);
	if (w->bev)
		return 0;
	SSL_free(ssl);
	close(fd);
	return -ENOMEM;
}

int http_wire_open(struct http_wire *w, struct event_base *base, SSL_CTX *tls, evutil_socket_t fd,
                   size_t input_bytes, const struct http_wire_calls *calls)
{
	struct http_wire made = { 0 };
	int r = open_buffers(&made, base, tls, fd);
	if (r < 0)
		return r;
	made.deadline = evtimer_new(base, calls->late, calls->ctx);
	/* A peer that ends without close_notify is at its end all the same: lengths tell what was whole. */
	bufferevent_openssl_set_allow_dirty_shutdown(made.bev, 1);
	bufferevent_setwatermark(made.bev, EV_READ, 0, input_bytes);
	bufferevent_setcb(made.bev, calls->read, calls->written, calls->event, calls->ctx);
	if (!made.deadline || bufferevent_enable(made.bev, EV_READ | EV_WRITE) < 0) {
		http_wire_close(&made);
		return -ENOMEM;
	}
	*w = made;
	return 0;
}

void http_wire_close(struct http_wire *w)
{
	if (w->deadline)
		event_free(w->deadline);
	if (w->bev)
		bufferevent_free(w->bev);
	*w = (struct http_wire){ 0 };
}

SSL *http_wire_tls(const struct http_wire *w)
{
	return bufferevent_openssl_get_ssl(w->bev);
}

void http_wire_deadline(struct http_wire *w, unsigned ms)
{
	struct timeval after = { .tv_sec = ms / 1000, .tv_usec = (suseconds_t)(ms % 1000) * 1000 };
	if (ms > 0)
		evtimer_add(w->deadline, &after);
	else
		evtimer_del(w->deadline);
}

bool http_wire_all_sent(const struct http_wire *w)
{
	return evbuffer_get_length(bufferevent_get_output(w->bev)) == 0;
}

void http_wire_shut(struct http_wire *w)
{
	char words[128];
	if (w->shut)
		return;
	w->shut = true;
	SSL_shutdown(http_wire_tls(w));
	shutdown(bufferevent_getfd(w->bev), SHUT_WR);
	tls_error(words, sizeof(words));
}

void http_wire_drain(struct http_wire *w)
{
	struct evbuffer *in = bufferevent_get_input(w->bev);
	evbuffer_drain(in, evbuffer_get_length(in));
}

ssize_t http_wire_head(struct http_wire *w, const char *field, struct http_head *ret)
{
	struct evbuffer *in = bufferevent_get_input(w->bev);
	size_t n = MIN(evbuffer_get_length(in), (size_t)HTTP_MAX_HEAD);
	if (n == 0)
		return 0;
	return http_parse_head((struct span){ evbuffer_pullup(in, (ev_ssize_t)n), n }, field, ret);
}

size_t http_wire_take(struct http_wire *w, void *p, size_t n)
{
	int got = evbuffer_remove(bufferevent_get_input(w->bev), p, n);
	return got > 0 ? (size_t)got : 0;
}

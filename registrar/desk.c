#include "registrar/desk.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include "evidence/error_text.h"
#include "lib/tls.h"

enum verb { VERB_JOIN, VERB_RENEW, VERB_NONE };

static enum verb verb_of(struct span target)
{
	return span_is(target, "/v1/join")    ? VERB_JOIN
	       : span_is(target, "/v1/renew") ? VERB_RENEW
	                                      : VERB_NONE;
}

static bool refuse(struct http_answer *a, unsigned status, const char *word, const char *sentence)
{
	buf_reset(&a->body);
	a->status = status;
	error_text_put(&a->body, word, sentence);
	return false;
}

static bool admit(void *ctx maybe_unused, const struct http_head *head, struct http_answer *ret)
{
	if (verb_of(head->target) == VERB_NONE)
		return refuse(ret, 404, "not-found", "There is no such path.");
	if (!span_is(head->method, "POST"))
		return refuse(ret, 405, "no-such-verb", "Requests are posted.");
	if (!head->has_length || head->length == 0)
		return refuse(ret, 400, "malformed", "The request has no body of known length.");
	if (head->length > REQUEST_MAX_BYTES)
		return refuse(ret, 413, "too-large", "A request holds at most 16384 bytes.");
	return true;
}

static struct caller caller_of(int fd)
{
	struct caller c = { .text = "an unknown address" };
	struct sockaddr_storage a = { 0 };
	socklen_t n = sizeof(a);
	if (getpeername(fd, (struct sockaddr *)&a, &n) < 0)
		return c;
	c.family = a.ss_family;
	if (a.ss_family == AF_INET)
		memcpy(c.address, &((const struct sockaddr_in *)&a)->sin_addr, 4);
	else if (a.ss_family == AF_INET6)
		memcpy(c.address, &((const struct sockaddr_in6 *)&a)->sin6_addr, 16);
	inet_ntop(c.family, c.address, c.text, sizeof(c.text));
	return c;
}

static struct holder holder_of(SSL *tls)
{
	struct holder h = { 0 };
	char uri[TLS_URI_MAX + 1];
	h.has_certificate = tls_peer(tls, uri, &h.spki) == 0;
	h.expired = tls_peer_expired(tls);
	return h;
}

static void answer(void *ctx, const struct http_request *q, struct http_answer *ret)
{
	struct registrar *r = ctx;
	struct caller from = caller_of(q->fd);
	struct holder who = holder_of(q->tls);
	switch (verb_of(q->target)) {
	case VERB_JOIN:
		registrar_join(r, q->body, &from, ret);
		break;
	case VERB_RENEW:
		registrar_renew(r, q->body, &who, ret);
		break;
	case VERB_NONE:
		break;
	}
}

struct http_handler desk_handler(struct registrar *r)
{
	return (struct http_handler){ .admit = admit, .answer = answer, .ctx = r };
}

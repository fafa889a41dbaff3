/* Requests to witnesses, one at a time for each, all at once (docs/format.md 16.2). Bounded in bytes and
 * time; follows no redirects, asks no proxy, speaks TLS 1.3 alone. */
#ifndef SWORNLOG_SINK_WITNESS_HTTP_H
#define SWORNLOG_SINK_WITNESS_HTTP_H

#include "evidence/policy.h"
#include "lib/buf.h"
#include "sink/witness_turn.h"

struct witness_http_options {
	const char *certificate; /* the sink's own, as a client */
	const char *key;
	const char *ca; /* the only issuers of witnesses' certificates that are trusted */
	uint64_t timeout_s;
	const char *origin; /* of the log */
};

struct witness_http;

/* The policy and the options' strings outlive it; files are read anew for each connection. */
must_check int witness_http_new(const struct witness_http_options *o, const struct policy *p,
                                struct witness_http **ret);
void witness_http_free(struct witness_http *h);
/* Begin a request to witness i, which has none under way. The body is copied. -EINVAL: it has no URL that
 * would do. */
must_check int witness_http_post(struct witness_http *h, size_t i, struct span body);
must_check int witness_http_get(struct witness_http *h, size_t i);
/* Wait until something has happened: on a connection, on `fd`, or the time is over. */
void witness_http_wait(struct witness_http *h, int fd, uint64_t timeout_us);
/* The next request that is over: its witness and answer, valid until that witness's next request; `words` say
 * why where the status is 0. False: none is. */
bool witness_http_over(struct witness_http *h, size_t *ret_witness, struct witness_answer *ret,
                       const char **ret_words);

#endif

/* A client for HTTPS with TLS 1.3: one POST after the other over one kept connection. Who the server is says
 * the URI in its certificate; by which name or address it was reached says nothing more, and is not compared.
 * Blocks while a request is under way. */
#ifndef SWORNLOG_LIB_HTTPS_H
#define SWORNLOG_LIB_HTTPS_H

#include "lib/buf.h"
#include "lib/tls.h"

#define HTTPS_URL_MAX 511

struct https_options {
	const char *uri;            /* that the server's certificate must hold */
	const char *ca;             /* PEM: whose certificate that is; or NULL, and */
	const struct hash *ca_hash; /* H(DER) of the authority's certificate, which the server sends along */
	const char *certificate;    /* our own, PEM; NULL: none */
	const char *key;
	size_t answer_max; /* bytes; a longer answer is none */
	/* Called about once a second while a request is under way; true gives it up. May be NULL. */
	bool (*tick)(void *ctx);
	void *ctx;
};

struct https;

/* All is copied but `ctx`; the files are read anew for each connection. `error` gets a sentence. */
must_check int https_new(const struct https_options *options, struct https **ret, char *error,
                         size_t error_size);
void https_free(struct https *h);

/* From the next request on: this certificate, over a new connection. */
must_check int https_set_certificate(struct https *h, const char *certificate);

struct https_request {
	const char *url;
	const char *content_type;
	const char *header; /* one more, "Name: value"; NULL: none */
	struct span body;
};

/* Returns the HTTP status, with the answer's body appended to `ret` and *ret_retry_after_s (0: not said); or
 * -ECANCELED (given up by tick), -EIO (no whole answer; `error` gets a sentence). */
must_check int https_post(struct https *h, const struct https_request *r, struct buf *ret,
                          uint64_t *ret_retry_after_s, char *error, size_t error_size);

#endif

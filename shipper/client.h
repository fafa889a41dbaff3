/* The append protocol's client: one request after the other over one kept connection (docs/format.md section
 * 12). Blocks while a request is under way. */
#ifndef SWORNLOG_SHIPPER_CLIENT_H
#define SWORNLOG_SHIPPER_CLIENT_H

#include "evidence/uplink.h"

/* What an answer may hold: it must fit a message to the sealer. */
#define CLIENT_ANSWER_MAX (UPLINK_MAX_BYTES - 64)

struct client_options {
	const char *sink; /* https://host:port */
	const char *fleet;
	const char *host;
	const char *certificate;
	const char *key;
	const char *ca;
	/* Called about once a second while a request is under way; true gives it up. */
	bool (*tick)(void *ctx);
	void *ctx;
};

struct client;

/* The strings are copied, and the files read anew for each connection. `error` gets a sentence. */
must_check int client_new(const struct client_options *options, struct client **ret, char *error,
                          size_t error_size);
void client_free(struct client *c);

/* The host's certificate is another one from now on. */
must_check int client_set_certificate(struct client *c, const char *certificate);

enum client_verb { CLIENT_APPEND, CLIENT_ANNOUNCE };

/* Send batches, or a note to announce. Returns the HTTP status, with the answer's body appended to `ret` and
 * *ret_retry_after_s (0: not said); or -ECANCELED (given up by tick), -EIO (no whole answer; `error` gets a
 * sentence). */
must_check int client_post(struct client *c, enum client_verb verb, uint64_t held, struct span body,
                           struct buf *ret, uint64_t *ret_retry_after_s, char *error, size_t error_size);

#endif

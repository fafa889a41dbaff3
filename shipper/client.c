#include "shipper/client.h"

#include <stdio.h>

#include "lib/https.h"

struct client {
	struct https *https;
	char url[2][HTTPS_URL_MAX + 1]; /* by enum client_verb */
};

static int name_ends(struct client *c, const struct client_options *o, char uri[TLS_URI_MAX + 1])
{
	size_t n = strlen(o->sink);
	while (n > 0 && o->sink[n - 1] == '/')
		n--;
	static const char *const verbs[] = { [CLIENT_APPEND] = "append", [CLIENT_ANNOUNCE] = "announce" };
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
		int url = snprintf(c->url[i], sizeof(c->url[i]), "%.*s/v1/hosts/%s/%s", (int)n, o->sink,
		                   o->host, verbs[i]);
		if (url < 0 || (size_t)url >= sizeof(c->url[i]))
			return -ENAMETOOLONG;
	}
	int name = snprintf(uri, TLS_URI_MAX + 1, "swornlog://%s/sink", o->fleet);
	return name > 0 && name <= TLS_URI_MAX ? 0 : -ENAMETOOLONG;
}

static int set_up(struct client *c, const struct client_options *o, char *error, size_t error_size)
{
	char uri[TLS_URI_MAX + 1];
	if (name_ends(c, o, uri) < 0) {
		snprintf(error, error_size, "the sink's address is too long");
		return -ENAMETOOLONG;
	}
	struct https_options options = { .uri = uri,
		                         .ca = o->ca,
		                         .certificate = o->certificate,
		                         .key = o->key,
		                         .answer_max = CLIENT_ANSWER_MAX,
		                         .tick = o->tick,
		                         .ctx = o->ctx };
	return https_new(&options, &c->https, error, error_size);
}

int client_new(const struct client_options *options, struct client **ret, char *error, size_t error_size)
{
	struct client *c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	int r = set_up(c, options, error, error_size);
	if (r < 0) {
		client_free(c);
		return r;
	}
	*ret = c;
	return 0;
}

void client_free(struct client *c)
{
	if (!c)
		return;
	https_free(c->https);
	free(c);
}

int client_set_certificate(struct client *c, const char *certificate)
{
	return https_set_certificate(c->https, certificate);
}

int client_post(struct client *c, enum client_verb verb, uint64_t held, struct span body, struct buf *ret,
                uint64_t *ret_retry_after_s, char *error, size_t error_size)
{
	char size[64];
	snprintf(size, sizeof(size), "Swornlog-Fleet-Size: %llu", (unsigned long long)held);
	struct https_request q = {
		.url = c->url[verb], .content_type = "application/octet-stream", .header = size, .body = body
	};
	return https_post(c->https, &q, ret, ret_retry_after_s, error, error_size);
}

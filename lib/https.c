#include "lib/https.h"

#include <stdio.h>

#include "lib/https_settings.h"

#define CONNECT_LIMIT_S 10L
#define REQUEST_LIMIT_S 120L
#define SLOW_BYTES_S    100L
#define SLOW_LIMIT_S    20L

struct https {
	CURL *curl;
	bool (*tick)(void *ctx);
	void *ctx;
	char uri[TLS_URI_MAX + 1];
	bool pinned;
	struct tls_pin pin;
	struct buf *answer; /* of the request under way */
	size_t answer_len, answer_max;
	bool too_long;
	char error[CURL_ERROR_SIZE];
};

static size_t on_body(char *data, size_t size, size_t n, void *arg)
{
	struct https *h = arg;
	if (size * n > h->answer_max - h->answer_len) {
		h->too_long = true;
		return 0;
	}
	h->answer_len += size * n;
	buf_put(h->answer, data, size * n);
	return buf_err(h->answer) == 0 ? size * n : 0;
}

static int on_progress(void *arg, curl_off_t dl maybe_unused, curl_off_t dn maybe_unused,
                       curl_off_t ul maybe_unused, curl_off_t un maybe_unused)
{
	struct https *h = arg;
	return h->tick && h->tick(h->ctx);
}

static CURLcode on_ssl_context(CURL *curl maybe_unused, void *ssl_ctx, void *arg)
{
	struct https *h = arg;
	if (h->pinned)
		tls_demand_pin(ssl_ctx, &h->pin);
	else
		tls_demand_uri(ssl_ctx, h->uri);
	return CURLE_OK;
}

static CURLcode set_transport(CURL *c)
{
	CURLcode r = https_set_transport(c, CONNECT_LIMIT_S, REQUEST_LIMIT_S);
	r = r ? r : curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, SLOW_BYTES_S);
	return r ? r : curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, SLOW_LIMIT_S);
}

static CURLcode set_tls(struct https *h, const struct https_options *o)
{
	CURL *c = h->curl;
	CURLcode r = https_set_tls(c, &(struct tls_files){ o->certificate, o->key, o->ca });
	/* on_ssl_context has the URI compared. */
	r = r ? r : curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 0L);
	r = r ? r : curl_easy_setopt(c, CURLOPT_SSL_CTX_FUNCTION, on_ssl_context);
	return r ? r : curl_easy_setopt(c, CURLOPT_SSL_CTX_DATA, h);
}

static CURLcode set_callbacks(struct https *h)
{
	CURL *c = h->curl;
	CURLcode r = curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
	r = r ? r : curl_easy_setopt(c, CURLOPT_WRITEDATA, h);
	r = r ? r : curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress);
	r = r ? r : curl_easy_setopt(c, CURLOPT_XFERINFODATA, h);
	r = r ? r : curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
	r = r ? r : curl_easy_setopt(c, CURLOPT_ERRORBUFFER, h->error);
	return r;
}

static int set_up(struct https *h, const struct https_options *o, char *error, size_t error_size)
{
	h->tick = o->tick;
	h->ctx = o->ctx;
	h->answer_max = o->answer_max;
	h->pinned = o->ca_hash;
	h->pin.uri = h->uri;
	if (o->ca_hash)
		h->pin.ca = *o->ca_hash;
	snprintf(h->uri, sizeof(h->uri), "%s", o->uri);
	CURLcode r = curl_global_init(CURL_GLOBAL_DEFAULT);
	if (r == CURLE_OK && !(h->curl = curl_easy_init()))
		r = CURLE_OUT_OF_MEMORY;
	r = r ? r : set_transport(h->curl);
	r = r ? r : set_tls(h, o);
	r = r ? r : set_callbacks(h);
	if (r == CURLE_OK)
		return 0;
	snprintf(error, error_size, "libcurl can't do what is needed (it must be built with OpenSSL): %s",
	         curl_easy_strerror(r));
	return -ENOTSUP;
}

int https_new(const struct https_options *options, struct https **ret, char *error, size_t error_size)
{
	struct https *h = calloc(1, sizeof(*h));
	if (!h)
		return -ENOMEM;
	int r = set_up(h, options, error, error_size);
	if (r < 0) {
		https_free(h);
		return r;
	}
	*ret = h;
	return 0;
}

void https_free(struct https *h)
{
	if (!h)
		return;
	curl_easy_cleanup(h->curl);
	curl_global_cleanup();
	free(h);
}

int https_set_certificate(struct https *h, const char *certificate)
{
	CURLcode r = curl_easy_setopt(h->curl, CURLOPT_SSLCERT, certificate);
	/* A connection that is kept was made with the former one. */
	r = r ? r : curl_easy_setopt(h->curl, CURLOPT_FRESH_CONNECT, 1L);
	return r == CURLE_OK ? 0 : -ENOMEM;
}

static void headers_freep(struct curl_slist **list)
{
	curl_slist_free_all(*list);
}

static CURLcode post(CURL *c, const struct https_request *q)
{
	cleanup(headers_freep) struct curl_slist *headers = NULL;
	char type[128];
	snprintf(type, sizeof(type), "Content-Type: %s", q->content_type);
	/* Without the empty Expect, libcurl waits for a "100 Continue" before longer bodies. */
	if ((q->header && !https_add_header(&headers, q->header)) || !https_add_header(&headers, type) ||
	    !https_add_header(&headers, "Expect:") ||
	    !https_add_header(&headers, "User-Agent: swornlog/" SWORNLOG_VERSION))
		return CURLE_OUT_OF_MEMORY;
	CURLcode r = curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
	r = r ? r : curl_easy_setopt(c, CURLOPT_URL, q->url);
	r = r ? r : curl_easy_setopt(c, CURLOPT_POST, 1L);
	r = r ? r : curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)q->body.len);
	r = r ? r : curl_easy_setopt(c, CURLOPT_POSTFIELDS, (const char *)q->body.data);
	r = r ? r : curl_easy_perform(c);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, NULL);
	curl_easy_setopt(c, CURLOPT_POSTFIELDS, NULL);
	curl_easy_setopt(c, CURLOPT_FRESH_CONNECT, 0L);
	return r;
}

int https_post(struct https *h, const struct https_request *q, struct buf *ret, uint64_t *ret_retry_after_s,
               char *error, size_t error_size)
{
	long status = 0;
	curl_off_t retry_after = 0;
	h->answer = ret;
	h->answer_len = 0;
	h->too_long = false;
	h->error[0] = '\0';
	CURLcode r = post(h->curl, q);
	h->answer = NULL;
	if (r == CURLE_ABORTED_BY_CALLBACK)
		return -ECANCELED;
	if (r == CURLE_OK)
		r = curl_easy_getinfo(h->curl, CURLINFO_RESPONSE_CODE, &status);
	if (r == CURLE_OK)
		r = curl_easy_getinfo(h->curl, CURLINFO_RETRY_AFTER, &retry_after);
	if (h->too_long) {
		snprintf(error, error_size, "the answer is longer than %zu bytes", h->answer_max);
		return -EIO;
	}
	if (r != CURLE_OK || status < 200 || status > 999) {
		snprintf(error, error_size, "%s", h->error[0] ? h->error : curl_easy_strerror(r));
		return -EIO;
	}
	*ret_retry_after_s = retry_after > 0 ? (uint64_t)retry_after : 0;
	return (int)status;
}

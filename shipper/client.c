#include "shipper/client.h"

#include <stdio.h>

#include <curl/curl.h>

#include "lib/certificate.h"
#include "lib/tls.h"

#define CONNECT_LIMIT_S 10L
#define REQUEST_LIMIT_S 120L
#define SLOW_BYTES_S    100L
#define SLOW_LIMIT_S    20L
#define URL_MAX         512

struct client {
	CURL *curl;
	bool (*tick)(void *ctx);
	void *ctx;
	char url[URL_MAX];
	char uri[CERTIFICATE_URI_MAX + 1]; /* that the sink's certificate must hold */
	struct buf *answer;                /* of the request under way */
	size_t answer_len;
	bool too_long;
	char error[CURL_ERROR_SIZE];
};

static size_t on_body(char *data, size_t size, size_t n, void *arg)
{
	struct client *c = arg;
	if (size * n > CLIENT_ANSWER_MAX - c->answer_len) {
		c->too_long = true;
		return 0;
	}
	c->answer_len += size * n;
	buf_put(c->answer, data, size * n);
	return buf_err(c->answer) == 0 ? size * n : 0;
}

static int on_progress(void *arg, curl_off_t dl maybe_unused, curl_off_t dn maybe_unused,
                       curl_off_t ul maybe_unused, curl_off_t un maybe_unused)
{
	struct client *c = arg;
	return c->tick && c->tick(c->ctx);
}

static CURLcode on_ssl_context(CURL *curl maybe_unused, void *ssl_ctx, void *arg)
{
	struct client *c = arg;
	tls_demand_uri(ssl_ctx, c->uri);
	return CURLE_OK;
}

static CURLcode set_transport(struct client *c)
{
	CURLcode r = curl_easy_setopt(c->curl, CURLOPT_URL, c->url);
	r = r ? r : curl_easy_setopt(c->curl, CURLOPT_PROTOCOLS_STR, "https");
	r = r ? r : curl_easy_setopt(c->curl, CURLOPT_PROXY, "");
	r = r ? r : curl_easy_setopt(c->curl, CURLOPT_NOSIGNAL, 1L);
	r = r ? r : curl_easy_setopt(c->curl, CURLOPT_TCP_KEEPALIVE, 1L);
	r = r ? r : curl_easy_setopt(c->curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	r = r ? r : curl_easy_setopt(c->curl, CURLOPT_CONNECTTIMEOUT, CONNECT_LIMIT_S);
	r = r ? r : curl_easy_setopt(c->curl, CURLOPT_TIMEOUT, REQUEST_LIMIT_S);
	r = r ? r : curl_easy_setopt(c->curl, CURLOPT_LOW_SPEED_LIMIT, SLOW_BYTES_S);
	r = r ? r : curl_easy_setopt(c->curl, CURLOPT_LOW_SPEED_TIME, SLOW_LIMIT_S);
	return r;
}

/* Who the sink is says the URI in its certificate, under the fleet's own CA; by which name or address it was
 * reached says nothing more, and so is not compared. */
static CURLcode set_tls(struct client *c, const struct client_options *o)
{
	CURLcode r = curl_easy_setopt(c->curl, CURLOPT_SSLVERSION,
	                              (long)(CURL_SSLVERSION_TLSv1_3 | CURL_SSLVERSION_MAX_TLSv1_3));
	r = r ? r : curl_easy_setopt(c->curl, CURLOPT_SSL_VERIFYPEER, 1L);
	r = r ? r : curl_easy_setopt(c->curl, CURLOPT_SSL_VERIFYHOST, 0L);
	r = r ? r : curl_easy_setopt(c->curl, CURLOPT_CAPATH, NULL);
	r = r ? r : curl_easy_setopt(c->curl, CURLOPT_CAINFO, o->ca);
	r = r ? r : curl_easy_setopt(c->curl, CURLOPT_SSLCERT, o->certificate);
	r = r ? r : curl_easy_setopt(c->curl, CURLOPT_SSLKEY, o->key);
	r = r ? r : curl_easy_setopt(c->curl, CURLOPT_SSL_SESSIONID_CACHE, 0L);
	r = r ? r : curl_easy_setopt(c->curl, CURLOPT_SSL_CTX_FUNCTION, on_ssl_context);
	r = r ? r : curl_easy_setopt(c->curl, CURLOPT_SSL_CTX_DATA, c);
	return r;
}

static CURLcode set_callbacks(struct client *c)
{
	CURLcode r = curl_easy_setopt(c->curl, CURLOPT_WRITEFUNCTION, on_body);
	r = r ? r : curl_easy_setopt(c->curl, CURLOPT_WRITEDATA, c);
	r = r ? r : curl_easy_setopt(c->curl, CURLOPT_XFERINFOFUNCTION, on_progress);
	r = r ? r : curl_easy_setopt(c->curl, CURLOPT_XFERINFODATA, c);
	r = r ? r : curl_easy_setopt(c->curl, CURLOPT_NOPROGRESS, 0L);
	r = r ? r : curl_easy_setopt(c->curl, CURLOPT_ERRORBUFFER, c->error);
	return r;
}

static int name_ends(struct client *c, const struct client_options *o)
{
	size_t n = strlen(o->sink);
	while (n > 0 && o->sink[n - 1] == '/')
		n--;
	int url = snprintf(c->url, sizeof(c->url), "%.*s/v1/hosts/%s/append", (int)n, o->sink, o->host);
	int uri = snprintf(c->uri, sizeof(c->uri), "swornlog://%s/sink", o->fleet);
	return url > 0 && (size_t)url < sizeof(c->url) && uri > 0 && (size_t)uri < sizeof(c->uri)
	               ? 0
	               : -ENAMETOOLONG;
}

static int set_up(struct client *c, const struct client_options *o, char *error, size_t error_size)
{
	c->tick = o->tick;
	c->ctx = o->ctx;
	if (name_ends(c, o) < 0) {
		snprintf(error, error_size, "the sink's address is too long");
		return -ENAMETOOLONG;
	}
	CURLcode r = curl_global_init(CURL_GLOBAL_DEFAULT);
	if (r == CURLE_OK && !(c->curl = curl_easy_init()))
		r = CURLE_OUT_OF_MEMORY;
	r = r ? r : set_transport(c);
	r = r ? r : set_tls(c, o);
	r = r ? r : set_callbacks(c);
	if (r == CURLE_OK)
		return 0;
	snprintf(error, error_size, "libcurl can't do what is needed (it must be built with OpenSSL): %s",
	         curl_easy_strerror(r));
	return -ENOTSUP;
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
	curl_easy_cleanup(c->curl);
	curl_global_cleanup();
	free(c);
}

static void headers_freep(struct curl_slist **list)
{
	curl_slist_free_all(*list);
}

static bool add_header(struct curl_slist **list, const char *line)
{
	struct curl_slist *longer = curl_slist_append(*list, line);
	if (longer)
		*list = longer;
	return longer;
}

static CURLcode post(struct client *c, uint64_t held, struct span batches)
{
	cleanup(headers_freep) struct curl_slist *headers = NULL;
	char size[64];
	snprintf(size, sizeof(size), "Swornlog-Fleet-Size: %llu", (unsigned long long)held);
	/* Without the empty Expect, libcurl waits for a "100 Continue" before longer bodies. */
	if (!add_header(&headers, size) || !add_header(&headers, "Content-Type: application/octet-stream") ||
	    !add_header(&headers, "Expect:") ||
	    !add_header(&headers, "User-Agent: swornlog/" SWORNLOG_VERSION))
		return CURLE_OUT_OF_MEMORY;
	CURLcode r = curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, headers);
	r = r ? r : curl_easy_setopt(c->curl, CURLOPT_POST, 1L);
	r = r ? r : curl_easy_setopt(c->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)batches.len);
	r = r ? r : curl_easy_setopt(c->curl, CURLOPT_POSTFIELDS, (const char *)batches.data);
	r = r ? r : curl_easy_perform(c->curl);
	curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, NULL);
	curl_easy_setopt(c->curl, CURLOPT_POSTFIELDS, NULL);
	return r;
}

int client_append(struct client *c, uint64_t held, struct span batches, struct buf *ret,
                  uint64_t *ret_retry_after_s, char *error, size_t error_size)
{
	long status = 0;
	curl_off_t retry_after = 0;
	c->answer = ret;
	c->answer_len = 0;
	c->too_long = false;
	c->error[0] = '\0';
	CURLcode r = post(c, held, batches);
	c->answer = NULL;
	if (r == CURLE_ABORTED_BY_CALLBACK)
		return -ECANCELED;
	if (r == CURLE_OK)
		r = curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, &status);
	if (r == CURLE_OK)
		r = curl_easy_getinfo(c->curl, CURLINFO_RETRY_AFTER, &retry_after);
	if (c->too_long) {
		snprintf(error, error_size, "the answer is longer than %u bytes", CLIENT_ANSWER_MAX);
		return -EIO;
	}
	if (r != CURLE_OK || status < 200 || status > 999) {
		snprintf(error, error_size, "%s", c->error[0] ? c->error : curl_easy_strerror(r));
		return -EIO;
	}
	*ret_retry_after_s = retry_after > 0 ? (uint64_t)retry_after : 0;
	return (int)status;
}

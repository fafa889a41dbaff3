#include "sink/witness_http.h"

#include <stdio.h>

#include "lib/https_settings.h"

#define CONNECT_LIMIT_S 5L
#define URL_MAX         (POLICY_URL_MAX + WITNESS_HEX_MAX + 32)
/* A checkpoint, or one line and some words. */
#define BODY_MAX NOTE_MAX_BYTES

struct exchange {
	CURL *curl; /* NULL: no URL */
	bool busy, too_long;
	char post_url[URL_MAX], get_url[URL_MAX];
	struct buf request, body;
	char error[CURL_ERROR_SIZE];
};

struct witness_http {
	CURLM *multi;
	struct curl_slist *post_headers, *get_headers;
	size_t count;
	int begun; /* requests under way */
	struct exchange exchange[POLICY_MAX_WITNESSES];
};

static size_t on_body(char *data, size_t size, size_t n, void *arg)
{
	struct exchange *e = arg;
	if (size * n > BODY_MAX - e->body.len) {
		e->too_long = true;
		return 0;
	}
	buf_put(&e->body, data, size * n);
	return buf_err(&e->body) == 0 ? size * n : 0;
}

static CURLcode set_exchange(struct exchange *e)
{
	CURLcode r = curl_easy_setopt(e->curl, CURLOPT_PRIVATE, e);
	r = r ? r : curl_easy_setopt(e->curl, CURLOPT_WRITEFUNCTION, on_body);
	r = r ? r : curl_easy_setopt(e->curl, CURLOPT_WRITEDATA, e);
	return r ? r : curl_easy_setopt(e->curl, CURLOPT_ERRORBUFFER, e->error);
}

static bool name_urls(struct exchange *e, const char *url, const char *origin)
{
	char hex[WITNESS_HEX_MAX + 1];
	size_t n = strlen(url);
	while (n > 0 && url[n - 1] == '/')
		n--;
	witness_origin_hex(span_str(origin), hex);
	int post = snprintf(e->post_url, URL_MAX, "%.*s/add-checkpoint", (int)n, url);
	int get = snprintf(e->get_url, URL_MAX, "%.*s/%s/checkpoint", (int)n, url, hex);
	return post > 0 && post < URL_MAX && get > 0 && get < URL_MAX;
}

static int set_up(struct exchange *e, const struct policy_witness *w, const struct witness_http_options *o)
{
	if (!w->url || !name_urls(e, w->url, o->origin))
		return 0;
	e->curl = curl_easy_init();
	if (!e->curl)
		return -ENOMEM;
	/* A witness is whom its address names, and in the end whom its key in the policy proves. */
	CURLcode r = https_set_transport(e->curl, CONNECT_LIMIT_S, (long)o->timeout_s);
	r = r ? r : https_set_tls(e->curl, &(struct tls_files){ o->certificate, o->key, o->ca });
	r = r ? r : set_exchange(e);
	return r == CURLE_OK ? 0 : r == CURLE_OUT_OF_MEMORY ? -ENOMEM : -ENOTSUP;
}

static int make_headers(struct witness_http *h)
{
	static const char agent[] = "User-Agent: swornlog/" SWORNLOG_VERSION;
	bool made = https_add_header(&h->get_headers, agent) && https_add_header(&h->post_headers, agent) &&
	            https_add_header(&h->post_headers, "Content-Type: text/plain") &&
	            https_add_header(&h->post_headers, "Expect:");
	return made ? 0 : -ENOMEM;
}

static int open_all(struct witness_http *h, const struct witness_http_options *o, const struct policy *p)
{
	const struct policy_witness *w;
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK || !(h->multi = curl_multi_init()))
		return -ENOMEM;
	int r = make_headers(h);
	for (; r == 0 && (w = policy_witness(p, h->count)); h->count++)
		r = set_up(&h->exchange[h->count], w, o);
	return r;
}

int witness_http_new(const struct witness_http_options *o, const struct policy *p, struct witness_http **ret)
{
	struct witness_http *h = calloc(1, sizeof(*h));
	if (!h)
		return -ENOMEM;
	int r = open_all(h, o, p);
	if (r < 0) {
		witness_http_free(h);
		return r;
	}
	*ret = h;
	return 0;
}

void witness_http_free(struct witness_http *h)
{
	if (!h)
		return;
	for (size_t i = 0; i < POLICY_MAX_WITNESSES; i++) {
		struct exchange *e = &h->exchange[i];
		if (e->busy)
			curl_multi_remove_handle(h->multi, e->curl);
		curl_easy_cleanup(e->curl);
		buf_done(&e->request);
		buf_done(&e->body);
	}
	curl_slist_free_all(h->post_headers);
	curl_slist_free_all(h->get_headers);
	curl_multi_cleanup(h->multi);
	curl_global_cleanup();
	free(h);
}

static int begin(struct witness_http *h, struct exchange *e)
{
	buf_reset(&e->body);
	e->too_long = false;
	e->error[0] = '\0';
	if (curl_multi_add_handle(h->multi, e->curl) != CURLM_OK)
		return -ENOMEM;
	e->busy = true;
	h->begun++;
	return 0;
}

int witness_http_post(struct witness_http *h, size_t i, struct span body)
{
	struct exchange *e = &h->exchange[i];
	if (!e->curl || e->busy)
		return -EINVAL;
	buf_reset(&e->request);
	buf_put(&e->request, body.data, body.len);
	if (buf_err(&e->request))
		return buf_err(&e->request);
	CURLcode r = curl_easy_setopt(e->curl, CURLOPT_POST, 1L);
	r = r ? r : curl_easy_setopt(e->curl, CURLOPT_URL, e->post_url);
	r = r ? r : curl_easy_setopt(e->curl, CURLOPT_HTTPHEADER, h->post_headers);
	r = r ? r : curl_easy_setopt(e->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)e->request.len);
	r = r ? r : curl_easy_setopt(e->curl, CURLOPT_POSTFIELDS, (const char *)e->request.data);
	return r == CURLE_OK ? begin(h, e) : -ENOMEM;
}

int witness_http_get(struct witness_http *h, size_t i)
{
	struct exchange *e = &h->exchange[i];
	if (!e->curl || e->busy)
		return -EINVAL;
	CURLcode r = curl_easy_setopt(e->curl, CURLOPT_HTTPGET, 1L);
	r = r ? r : curl_easy_setopt(e->curl, CURLOPT_URL, e->get_url);
	r = r ? r : curl_easy_setopt(e->curl, CURLOPT_HTTPHEADER, h->get_headers);
	return r == CURLE_OK ? begin(h, e) : -ENOMEM;
}

void witness_http_wait(struct witness_http *h, int fd, uint64_t timeout_us)
{
	struct curl_waitfd also = { .fd = fd, .events = CURL_WAIT_POLLIN };
	int running;
	curl_multi_perform(h->multi, &running);
	/* What that has ended is not to be slept over. */
	if (running < h->begun)
		return;
	uint64_t ms = MIN(timeout_us / 1000 + 1, (uint64_t)60000);
	curl_multi_poll(h->multi, &also, 1, (int)ms, NULL);
	curl_multi_perform(h->multi, &running);
}

static const char *why(const struct exchange *e, CURLcode r)
{
	return e->too_long ? "its answer is too long" : e->error[0] ? e->error : curl_easy_strerror(r);
}

static void fill(struct exchange *e, CURLcode result, struct witness_answer *ret, const char **ret_words)
{
	long status = 0;
	const char *type = NULL;
	*ret = (struct witness_answer){ 0 };
	*ret_words = why(e, result);
	if (result != CURLE_OK || curl_easy_getinfo(e->curl, CURLINFO_RESPONSE_CODE, &status) != CURLE_OK ||
	    status < 200 || status > 599)
		return;
	if (curl_easy_getinfo(e->curl, CURLINFO_CONTENT_TYPE, &type) != CURLE_OK)
		type = NULL;
	*ret = (struct witness_answer){ .status = (unsigned)status,
		                        .is_size = type && strcmp(type, WITNESS_SIZE_TYPE) == 0,
		                        .body = { e->body.data, e->body.len } };
}

bool witness_http_over(struct witness_http *h, size_t *ret_witness, struct witness_answer *ret,
                       const char **ret_words)
{
	CURLMsg *m;
	int left;
	while ((m = curl_multi_info_read(h->multi, &left))) {
		struct exchange *e = NULL;
		CURLcode result = m->data.result;
		if (m->msg != CURLMSG_DONE ||
		    curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&e) != CURLE_OK)
			continue;
		curl_multi_remove_handle(h->multi, e->curl);
		e->busy = false;
		h->begun--;
		fill(e, result, ret, ret_words);
		*ret_witness = (size_t)(e - h->exchange);
		return true;
	}
	return false;
}

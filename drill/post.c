#include "drill/post.h"

#include <stdio.h>

#include "lib/https.h"

#define ANSWER_MAX 65536

static void client_free(struct https **h)
{
	https_free(*h);
}

static int client_new(const struct scratch_host *as, struct https **ret)
{
	char certificate[PATH_MAX], key[PATH_MAX], ca[PATH_MAX], error[256];
	if (!host_path(as, "granted/host.crt", certificate) || !host_path(as, "request/host.key", key) ||
	    !host_path(as, "granted/ca.crt", ca))
		return -ENAMETOOLONG;
	struct https_options o = { .uri = "swornlog://" SCRATCH_FLEET "/sink",
		                   .ca = ca,
		                   .certificate = certificate,
		                   .key = key,
		                   .answer_max = ANSWER_MAX };
	return https_new(&o, ret, error, sizeof(error));
}

/* Of an error's body the second line. */
static void take_word(const struct buf *body, struct post_answer *ret)
{
	struct cursor c;
	cursor_init(&c, body->data, body->len);
	if (!span_is(cursor_line(&c), "swornlog-error/v1"))
		return;
	struct span word = cursor_line(&c);
	snprintf(ret->word, sizeof(ret->word), "%.*s", (int)MIN(word.len, sizeof(ret->word) - 1),
	         (const char *)word.data);
}

int post_batch(const struct scratch_host *as, const char *to, struct span batch, struct post_answer *ret)
{
	cleanup(client_free) struct https *h = NULL;
	cleanup_buf struct buf url = { 0 }, answer = { 0 };
	char error[256];
	uint64_t retry_after_s;
	buf_printf(&url, "https://127.0.0.1:%u/v1/hosts/%s/append", as->port, to);
	buf_put_u8(&url, 0);
	int r = buf_err(&url);
	if (r == 0)
		r = client_new(as, &h);
	if (r < 0)
		return r;
	struct https_request q = { .url = (const char *)url.data,
		                   .content_type = "application/octet-stream",
		                   .header = "Swornlog-Fleet-Size: 0",
		                   .body = batch };
	r = https_post(h, &q, &answer, &retry_after_s, error, sizeof(error));
	if (r < 0)
		return r;
	*ret = (struct post_answer){ .status = (unsigned)r };
	take_word(&answer, ret);
	return 0;
}

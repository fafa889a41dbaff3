#include "sink/gate.h"

#include <openssl/crypto.h>

#include "lib/text.h"

struct host *gate_host(const struct core *c, const char *uri, const struct hash *spki)
{
	cleanup_buf struct buf prefix = { 0 };
	buf_printf(&prefix, "swornlog://%s/host/", c->genesis.fleet);
	if (buf_err(&prefix) || strlen(uri) <= prefix.len || memcmp(uri, prefix.data, prefix.len) != 0)
		return NULL;
	struct span name = { (const uint8_t *)uri + prefix.len, strlen(uri) - prefix.len };
	struct host *h = hosts_find(&c->hosts, name);
	if (!h || CRYPTO_memcmp(h->certificate.b, spki->b, sizeof(spki->b)) != 0)
		return NULL;
	return h;
}

static bool is_append_path(struct span target, struct span *ret_host)
{
	static const char before[] = "/v1/hosts/", after[] = "/append";
	size_t fixed = strlen(before) + strlen(after);
	if (!span_starts(target, before) || target.len <= fixed)
		return false;
	*ret_host = (struct span){ target.data + strlen(before), target.len - fixed };
	struct span tail = { target.data + target.len - strlen(after), strlen(after) };
	return span_is(tail, after) && label_ok(*ret_host);
}

static unsigned refuse(struct answer *a, unsigned status, const char *word, const char *sentence)
{
	answer_error(a, status, word, sentence);
	return status;
}

unsigned gate_check(const struct host *host, const struct http_head *head, uint64_t *ret_held,
                    struct answer *a)
{
	struct span name;
	if (!host)
		return refuse(a, 403, "not-enrolled", "The certificate is not that of an enrolled host.");
	if (!is_append_path(head->target, &name))
		return refuse(a, 404, "not-found", "There is no such path.");
	if (!span_is(head->method, "POST"))
		return refuse(a, 405, "no-such-verb", "A host can append, and nothing else.");
	if (!span_is(name, host->name))
		return refuse(a, 403, "other-host", "The certificate is another host's.");
	if (!head->has_length || head->length == 0)
		return refuse(a, 400, "malformed", "The request has no body of known length.");
	if (head->length > APPEND_MAX_BYTES)
		return refuse(a, 413, "too-large", "A request holds at most 8388608 bytes.");
	if (!head->field.data || text_decimal(head->field, ret_held) < 0)
		return refuse(a, 400, "malformed", "Swornlog-Fleet-Size is missing or no number.");
	return 200;
}

#include "sink/gate.h"

#include <openssl/crypto.h>

#include "evidence/announcement.h"
#include "lib/text.h"

struct host *gate_host(const struct core *c, const char *uri, const struct hash *spki)
{
	cleanup_buf struct buf prefix = { 0 };
	buf_printf(&prefix, "swornlog://%s/host/", c->genesis.fleet);
	if (buf_err(&prefix) || strlen(uri) <= prefix.len || memcmp(uri, prefix.data, prefix.len) != 0)
		return NULL;
	struct span name = { (const uint8_t *)uri + prefix.len, strlen(uri) - prefix.len };
	struct host *h = hosts_find(&c->hosts, name);
	if (!h || CRYPTO_memcmp(h->standing.certificate.b, spki->b, sizeof(spki->b)) != 0)
		return NULL;
	return h;
}

static const struct {
	const char *path; /* behind the host's name */
	enum append_verb verb;
	uint64_t max_bytes;
	const char *too_large;
} verbs[] = {
	{ "/append", APPEND_BATCHES, APPEND_MAX_BYTES, "A request holds at most 8388608 bytes." },
	{ "/announce", APPEND_ANNOUNCEMENT, ANNOUNCEMENT_MAX_BYTES,
	  "An announcement holds at most 1024 bytes." },
};

/* The row of `verbs`, or NULL. */
static const typeof(verbs[0]) *find_verb(struct span target, struct span *ret_host)
{
	static const char before[] = "/v1/hosts/";
	if (!span_starts(target, before))
		return NULL;
	struct span rest = { target.data + strlen(before), target.len - strlen(before) };
	const uint8_t *slash = rest.len ? memchr(rest.data, '/', rest.len) : NULL;
	*ret_host = (struct span){ rest.data, slash ? (size_t)(slash - rest.data) : 0 };
	struct span tail = { rest.data + ret_host->len, rest.len - ret_host->len };
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
		if (span_is(tail, verbs[i].path))
			return label_ok(*ret_host) ? &verbs[i] : NULL;
	}
	return NULL;
}

static unsigned refuse(struct answer *a, unsigned status, const char *word, const char *sentence)
{
	answer_error(a, status, word, sentence);
	return status;
}

unsigned gate_check(const struct host *host, const struct http_head *head, struct gate_pass *ret,
                    struct answer *a)
{
	struct span name;
	uint64_t held;
	if (!host)
		return refuse(a, 403, "not-enrolled", "The certificate is not that of an enrolled host.");
	if (host->standing.retired)
		return refuse(a, 403, "retired", "The host was retired: it must be enrolled anew.");
	const typeof(verbs[0]) *verb = find_verb(head->target, &name);
	if (!verb)
		return refuse(a, 404, "not-found", "There is no such path.");
	if (!span_is(head->method, "POST"))
		return refuse(a, 405, "no-such-verb", "A host can append, and nothing else.");
	if (!span_is(name, host->name))
		return refuse(a, 403, "other-host", "The certificate is another host's.");
	if (!head->has_length || head->length == 0)
		return refuse(a, 400, "malformed", "The request has no body of known length.");
	if (head->length > verb->max_bytes)
		return refuse(a, 413, "too-large", verb->too_large);
	if (!head->field.data || text_decimal(head->field, &held) < 0)
		return refuse(a, 400, "malformed", "Swornlog-Fleet-Size is missing or no number.");
	*ret = (struct gate_pass){ .verb = verb->verb, .held = held };
	return 200;
}

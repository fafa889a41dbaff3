#include "evidence/request.h"

#include <stdio.h>

#include <openssl/crypto.h>

#include "evidence/line.h"
#include "evidence/part.h"
#include "lib/csr.h"
#include "lib/text.h"

#define REQUEST_LINE "swornlog-request/v1"
#define RENEWAL_LINE "swornlog-renewal/v1"
#define URI_MAX      (sizeof("swornlog:///host/") + 2 * LABEL_MAX)

void request_done(struct request *r)
{
	EVP_PKEY_free(r->certificate_key);
	r->certificate_key = NULL;
	buf_done(&r->csr);
	OPENSSL_cleanse(&r->secret, sizeof(r->secret));
}

static void host_uri(const char *fleet, const char *host, char ret[URI_MAX])
{
	snprintf(ret, URI_MAX, "swornlog://%s/host/%s", fleet, host);
}

/* --- writing
 * ---------------------------------------------------------------------------------------------- */

static int put_head(struct buf *b, const char *first, const char *fleet, const char *host)
{
	struct span f = { (const uint8_t *)fleet, strlen(fleet) },
	            h = { (const uint8_t *)host, strlen(host) };
	if (!label_ok(f) || !label_ok(h))
		return -EINVAL;
	buf_printf(b, "%s\nfleet %s\nhost %s\n", first, fleet, host);
	return 0;
}

static int put_csr(struct buf *b, const char *fleet, const char *host, EVP_PKEY *key)
{
	cleanup_buf struct buf der = { 0 };
	char uri[URI_MAX];
	host_uri(fleet, host, uri);
	int r = csr_put(&der, key, host, uri);
	if (r < 0)
		return r;
	buf_put_str(b, "certificate ");
	text_put_base64(b, der.data, der.len);
	buf_put_u8(b, '\n');
	return buf_err(b);
}

static int put_empty_checkpoint(struct buf *b, const char *fleet, const char *host,
                                const struct signer *identity)
{
	cleanup_buf struct buf text = { 0 }, note = { 0 };
	struct origin o = { .epoch = 1 };
	char origin[ORIGIN_MAX + 1];
	struct hash root;
	snprintf(o.fleet, sizeof(o.fleet), "%s", fleet);
	snprintf(o.host, sizeof(o.host), "%s", host);
	origin_format(&o, origin);
	sha256(NULL, 0, &root);
	checkpoint_put_text(&text, origin, 0, &root);
	int r = buf_err(&text);
	if (r == 0)
		r = note_put(&note, (struct span){ text.data, text.len }, &identity, 1);
	if (r == 0)
		part_put(b, "checkpoint", (struct span){ note.data, note.len });
	return r < 0 ? r : buf_err(b);
}

int request_put(struct buf *b, const char *fleet, const char *host, const struct signer *identity,
                EVP_PKEY *certificate_key, const struct token_secret *secret)
{
	int r = put_head(b, REQUEST_LINE, fleet, host);
	if (r < 0)
		return r;
	buf_put_str(b, "identity ");
	key_put(b, &identity->key);
	buf_put_u8(b, '\n');
	r = put_csr(b, fleet, host, certificate_key);
	if (r == 0 && secret) {
		buf_put_str(b, "secret ");
		text_put_base64(b, secret->b, sizeof(secret->b));
		buf_put_u8(b, '\n');
	}
	return r < 0 ? r : put_empty_checkpoint(b, fleet, host, identity);
}

int renewal_put(struct buf *b, const char *fleet, const char *host, EVP_PKEY *certificate_key,
                struct span checkpoint)
{
	int r = put_head(b, RENEWAL_LINE, fleet, host);
	if (r == 0)
		r = put_csr(b, fleet, host, certificate_key);
	if (r == 0)
		part_put(b, "checkpoint", checkpoint);
	return r < 0 ? r : buf_err(b);
}

/* --- reading
 * ---------------------------------------------------------------------------------------------- */

static const struct line_row HEAD[] = {
	{ .word = "fleet", .form = LINE_LABEL, .offset = offsetof(struct request, fleet) },
	{ .word = "host", .form = LINE_LABEL, .offset = offsetof(struct request, host) },
	{ .word = "identity",
	  .form = LINE_KEY,
	  .offset = offsetof(struct request, identity) }, /* not in renewals */
};

static bool identity_fits(const struct request *r)
{
	struct origin o = { .epoch = 1 };
	char name[KEY_NAME_MAX + 1];
	memcpy(o.fleet, r->fleet, sizeof(o.fleet));
	memcpy(o.host, r->host, sizeof(o.host));
	origin_identity_name(&o, name);
	return strcmp(r->identity.name, name) == 0;
}

static void get_secret(struct cursor *c, struct request *r)
{
	r->has_secret = line_next_is(c, "secret");
	if (r->has_secret && text_base64_exact(line_get(c, "secret"), r->secret.b, sizeof(r->secret.b)) < 0)
		cursor_fail(c);
}

/* The checkpoint is the host's; who signed it is left open. */
static void get_checkpoint(struct cursor *c, struct request *r)
{
	struct note note;
	struct checkpoint cp;
	struct origin o;
	r->checkpoint = part_get(c, "checkpoint", NOTE_MAX_BYTES);
	if (c->err || note_parse(r->checkpoint, &note) < 0 || checkpoint_parse(note.text, &cp) < 0 ||
	    origin_parse(cp.origin, &o) < 0 || strcmp(o.fleet, r->fleet) != 0 ||
	    strcmp(o.host, r->host) != 0) {
		cursor_fail(c);
		return;
	}
	r->epoch = o.epoch;
	r->size = cp.size;
}

static int parse_text(struct span bytes, bool renewal, struct request *r)
{
	struct cursor c;
	cursor_init(&c, bytes.data, bytes.len);
	if (bytes.len > REQUEST_MAX_BYTES || !span_is(cursor_line(&c), renewal ? RENEWAL_LINE : REQUEST_LINE))
		return -EBADMSG;
	lines_get(&c, HEAD, ARRAY_SIZE(HEAD) - (renewal ? 1 : 0), r);
	if (!renewal && !identity_fits(r))
		return -EBADMSG;
	struct span csr = line_get(&c, "certificate");
	if (!renewal)
		get_secret(&c, r);
	get_checkpoint(&c, r);
	int e = cursor_finish(&c);
	return e < 0 ? e : text_base64(csr, &r->csr);
}

static int check_csr(struct request *r)
{
	char uri[URI_MAX];
	host_uri(r->fleet, r->host, uri);
	int e = csr_parse((struct span){ r->csr.data, r->csr.len }, uri, &r->certificate_key);
	return e < 0 ? e : certificate_key_spki(r->certificate_key, &r->certificate);
}

/* The empty log's, for nothing else is known to be the host's yet. */
static int check_empty(const struct request *r)
{
	struct note note;
	struct checkpoint cp;
	struct hash empty;
	sha256(NULL, 0, &empty);
	if (note_parse(r->checkpoint, &note) < 0 || checkpoint_parse(note.text, &cp) < 0)
		return -EBADMSG;
	return r->epoch == 1 && r->size == 0 && hash_equal(&cp.root, &empty) ? 0 : -EBADMSG;
}

int request_parse(struct span bytes, struct request *ret)
{
	cleanup_request struct request r = { 0 };
	int e = parse_text(bytes, false, &r);
	if (e == 0)
		e = check_csr(&r);
	if (e == 0)
		e = check_empty(&r);
	if (e == 0)
		e = renewal_verify(&r, &r.identity);
	if (e < 0)
		return e;
	*ret = r;
	r = (struct request){ 0 };
	return 0;
}

int renewal_parse(struct span bytes, struct request *ret)
{
	cleanup_request struct request r = { 0 };
	int e = parse_text(bytes, true, &r);
	if (e == 0)
		e = check_csr(&r);
	if (e < 0)
		return e;
	*ret = r;
	r = (struct request){ 0 };
	return 0;
}

int renewal_verify(const struct request *r, const struct key *identity)
{
	struct note note;
	uint64_t verified;
	int e = note_parse(r->checkpoint, &note);
	return e < 0 ? e : note_verify(&note, identity, 1, &verified);
}

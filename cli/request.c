#include "cli/request.h"

#include <stdio.h>

#include "lib/csr.h"
#include "lib/certificate.h"
#include "lib/text.h"

#define FIRST_LINE "swornlog-request/v1"

static struct span span_of(const char *s)
{
	return (struct span){ (const uint8_t *)s, strlen(s) };
}

static void put_text(struct buf *b, const char *fleet, const char *host, const struct key *identity,
                     const struct buf *der)
{
	buf_printf(b, FIRST_LINE "\nfleet %s\nhost %s\nidentity ", fleet, host);
	key_put(b, identity);
	buf_put_str(b, "\ncertificate ");
	text_put_base64(b, der->data, der->len);
	buf_put_u8(b, '\n');
}

static void host_uri(const char *fleet, const char *host, char ret[CERTIFICATE_URI_MAX + 1])
{
	snprintf(ret, CERTIFICATE_URI_MAX + 1, "swornlog://%s/host/%s", fleet, host);
}

int request_put(struct buf *b, const char *fleet, const char *host, const struct signer *identity,
                EVP_PKEY *certificate_key)
{
	cleanup_buf struct buf text = { 0 }, der = { 0 };
	char uri[CERTIFICATE_URI_MAX + 1];
	if (!label_ok(span_of(fleet)) || !label_ok(span_of(host)))
		return -EINVAL;
	host_uri(fleet, host, uri);
	int r = csr_put(&der, certificate_key, host, uri);
	if (r < 0)
		return r;
	put_text(&text, fleet, host, &identity->key, &der);
	r = buf_err(&text);
	if (r < 0)
		return r;
	return note_put(b, (struct span){ text.data, text.len }, &identity, 1);
}

/* What follows "<word> " on the next line. */
static struct span get(struct cursor *c, const char *word)
{
	struct span rest;
	struct span first = text_split(cursor_line(c), ' ', &rest);
	if (c->err == 0 && span_is(first, word))
		return rest;
	cursor_fail(c);
	return (struct span){ 0 };
}

static void get_label(struct cursor *c, const char *word, char ret[LABEL_MAX + 1])
{
	struct span s = get(c, word);
	if (c->err == 0 && label_ok(s))
		memcpy(ret, s.data, s.len);
	else
		cursor_fail(c);
}

static bool identity_fits(const struct request *r)
{
	struct origin o = { .epoch = 1 };
	char name[KEY_NAME_MAX + 1];
	memcpy(o.fleet, r->fleet, sizeof(o.fleet));
	memcpy(o.host, r->host, sizeof(o.host));
	origin_identity_name(&o, name);
	return r->identity.type == KEY_TYPE_ED25519 && strcmp(r->identity.name, name) == 0;
}

static int parse_text(struct span text, struct request *r, struct buf *der)
{
	struct cursor c;
	cursor_init(&c, text.data, text.len);
	if (!span_is(cursor_line(&c), FIRST_LINE))
		return -EBADMSG;
	get_label(&c, "fleet", r->fleet);
	get_label(&c, "host", r->host);
	struct span identity = get(&c, "identity");
	struct span certificate = get(&c, "certificate");
	if (cursor_finish(&c) < 0)
		return -EBADMSG;
	int e = key_parse(identity, &r->identity);
	if (e == 0)
		e = text_base64(certificate, der);
	if (e < 0)
		return e;
	return identity_fits(r) ? 0 : -EBADMSG;
}

int request_parse(struct span bytes, struct request *ret)
{
	cleanup_buf struct buf der = { 0 };
	struct request r = { 0 };
	struct note note;
	char uri[CERTIFICATE_URI_MAX + 1];
	uint64_t verified;
	if (bytes.len > REQUEST_MAX_BYTES || note_parse(bytes, &note) < 0)
		return -EBADMSG;
	int e = parse_text(note.text, &r, &der);
	if (e == 0)
		e = note_verify(&note, &r.identity, 1, &verified);
	host_uri(r.fleet, r.host, uri);
	if (e == 0)
		e = csr_parse((struct span){ der.data, der.len }, uri, &r.certificate_key);
	if (e == 0)
		*ret = r;
	return e;
}

void request_done(struct request *r)
{
	EVP_PKEY_free(r->certificate_key);
	r->certificate_key = NULL;
}

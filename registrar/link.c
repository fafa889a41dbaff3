#include "registrar/link.h"

#include <stdio.h>

#include "lib/control.h"
#include "lib/text.h"

#define ANSWER_SECONDS 5

/* "<identity vkey> <certificate, hex> <epoch> <size> <good|closed> ..." */
static int parse_host(struct span s, struct known_host *ret)
{
	struct span rest;
	uint64_t epoch;
	struct known_host h = { .enrolled = true };
	struct span identity = text_split(s, ' ', &rest);
	struct span certificate = text_split(rest, ' ', &rest);
	struct span number = text_split(rest, ' ', &rest);
	struct span size = text_split(rest, ' ', &rest);
	if (key_parse(identity, &h.identity) < 0 ||
	    text_hex_exact(certificate, h.certificate.b, sizeof(h.certificate.b)) < 0 ||
	    text_decimal(number, &epoch) < 0 || epoch > UINT32_MAX || text_decimal(size, &h.size) < 0)
		return -EPROTO;
	h.epoch = (uint32_t)epoch;
	h.good = span_is(text_split(rest, ' ', &rest), "good");
	*ret = h;
	return 0;
}

static int ask(const char *path, const struct buf *question, struct buf *ret)
{
	int r = buf_err(question);
	return r < 0 ? r : control_ask(path, buf_span(question), ANSWER_SECONDS, ret);
}

static int ask_host(void *ctx, const char *host, struct known_host *ret)
{
	cleanup_buf struct buf question = { 0 }, answer = { 0 };
	struct span rest;
	buf_printf(&question, "host %s\n", host);
	int r = ask(ctx, &question, &answer);
	if (r < 0)
		return r;
	struct span word = text_split(buf_span(&answer), ' ', &rest);
	if (span_is(word, "none")) {
		*ret = (struct known_host){ 0 };
		return 0;
	}
	return span_is(word, "host") ? parse_host(rest, ret) : -EPROTO;
}

static int submit(void *ctx, struct span statement, char *error, size_t error_size)
{
	cleanup_buf struct buf question = { 0 }, answer = { 0 }, shown = { 0 };
	struct span rest;
	buf_printf(&question, "statement %zu\n", statement.len);
	buf_put(&question, statement.data, statement.len);
	int r = ask(ctx, &question, &answer);
	if (r < 0)
		return r;
	struct span word = text_split(buf_span(&answer), ' ', &rest);
	if (span_is(word, "ok"))
		return 0;
	text_put_escaped(&shown, span_is(word, "error") ? rest : buf_span(&answer));
	snprintf(error, error_size, "%.*s", (int)shown.len, shown.len ? (const char *)shown.data : "");
	return -EPERM;
}

struct link link_to_sink(const char *path)
{
	return (struct link){ .ctx = (void *)(uintptr_t)path, .host = ask_host, .submit = submit };
}

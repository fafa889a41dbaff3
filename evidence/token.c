#include "evidence/token.h"

#include <openssl/crypto.h>

#include "evidence/line.h"
#include "evidence/part.h"
#include "lib/text.h"

#define FIRST_LINE "swornlog-token/v1"

#define AT(field) offsetof(struct token, field)

static const struct line_row WHERE[] = {
	{ .word = "fleet", .form = LINE_LABEL, .offset = AT(fleet) },
};

static const struct line_row PINS[] = {
	{ .word = "log", .form = LINE_KEY, .offset = AT(log) },
	{ .word = "ca", .form = LINE_HASH, .offset = AT(ca) },
	{ .word = "genesis", .form = LINE_HASH, .offset = AT(genesis) },
	{ .word = "policy",
	  .form = LINE_HASH,
	  .offset = AT(policy),
	  .optional = true,
	  .has = AT(has_policy) },
};

int token_secret_generate(const struct env *env, struct token_secret *ret)
{
	return env->random(env, ret->b, sizeof(ret->b));
}

void token_hash(const struct token_secret *s, struct hash *ret)
{
	sha256(s->b, sizeof(s->b), ret);
}

static bool url_bytes_ok(struct span url)
{
	for (size_t i = 0; i < url.len; i++) {
		if (url.data[i] <= 0x20 || url.data[i] >= 0x7f)
			return false;
	}
	return span_starts(url, "https://") && url.len > strlen("https://") && url.len <= TOKEN_URL_MAX;
}

bool token_url_ok(const char *url)
{
	return url_bytes_ok(span_str(url));
}

void token_put(struct buf *b, const struct token *t)
{
	buf_put_str(b, FIRST_LINE "\n");
	lines_put(b, WHERE, ARRAY_SIZE(WHERE), t);
	buf_printf(b, "registrar %s\nsink %s\n", t->registrar, t->sink);
	lines_put(b, PINS, ARRAY_SIZE(PINS), t);
	buf_put_str(b, "secret ");
	text_put_base64(b, t->secret.b, sizeof(t->secret.b));
	buf_put_u8(b, '\n');
	part_put(b, "checkpoint", t->checkpoint);
}

static void get_url(struct cursor *c, const char *word, char ret[TOKEN_URL_MAX + 1])
{
	struct span s = line_get(c, word);
	if (c->err || !url_bytes_ok(s))
		cursor_fail(c);
	else
		memcpy(ret, s.data, s.len);
}

static int parse_text(struct span bytes, struct token *t)
{
	struct cursor c;
	cursor_init(&c, bytes.data, bytes.len);
	if (bytes.len > TOKEN_MAX_BYTES || !span_is(cursor_line(&c), FIRST_LINE))
		return -EBADMSG;
	lines_get(&c, WHERE, ARRAY_SIZE(WHERE), t);
	get_url(&c, "registrar", t->registrar);
	get_url(&c, "sink", t->sink);
	lines_get(&c, PINS, ARRAY_SIZE(PINS), t);
	struct span secret = line_get(&c, "secret");
	t->checkpoint = part_get(&c, "checkpoint", NOTE_MAX_BYTES);
	if (cursor_finish(&c) < 0 || text_base64_exact(secret, t->secret.b, sizeof(t->secret.b)) < 0)
		return -EBADMSG;
	return 0;
}

int token_parse(struct span bytes, struct token *ret)
{
	cleanup_token struct token t = { 0 };
	struct checkpoint cp;
	int r = parse_text(bytes, &t);
	if (r == 0)
		r = checkpoint_verify_fleet(t.checkpoint, &t.log, false, &cp);
	if (r == 0)
		*ret = t;
	return r;
}

void token_wipe(struct token *t)
{
	OPENSSL_cleanse(t, sizeof(*t));
}

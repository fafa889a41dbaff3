/* A registrar of fleet acme in a world in memory, and a sink that takes statements as the real one does. */
#ifndef SWORNLOG_TESTS_UNIT_REGISTRAR_KIT_H
#define SWORNLOG_TESTS_UNIT_REGISTRAR_KIT_H

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>

#include "evidence/error_text.h"
#include "evidence/grant.h"
#include "lib/csr.h"
#include "lib/text.h"
#include "registrar/registrar.h"
#include "tests/support/bytes.h"
#include "tests/support/fault_env.h"
#include "tests/support/host_log.h"
#include "tests/support/statements.h"

#define KIT_HOSTS 4

struct kit_sink {
	const struct genesis *genesis;
	bool knows_token;
	bool away;
	unsigned asked;
	size_t count;
	struct known_host host[KIT_HOSTS];
	char name[KIT_HOSTS][LABEL_MAX + 1];
	struct buf note[KIT_HOSTS]; /* the enrolments, as they came */
};

struct kit {
	struct env *env;
	struct registrar r;
	struct kit_sink sink;
	struct buf genesis, ca_pem;
	struct signer signer;
	EVP_PKEY *ca_key;
	struct token_secret secret;
	struct hash token;
	struct caller from;
};

struct kit_host {
	char name[LABEL_MAX + 1];
	struct signer identity;
	EVP_PKEY *key;
};

static int kit_find(const struct kit_sink *s, const char *host)
{
	for (size_t i = 0; i < s->count; i++) {
		if (strcmp(s->name[i], host) == 0)
			return (int)i;
	}
	return -1;
}

static int kit_host(void *ctx, const char *host, struct known_host *ret)
{
	struct kit_sink *s = ctx;
	int i = kit_find(s, host);
	s->asked++;
	if (s->away)
		return -ECONNREFUSED;
	*ret = i < 0 ? (struct known_host){ 0 } : s->host[i];
	return 0;
}

static int kit_submit(void *ctx, struct span note, char *error, size_t error_size)
{
	struct kit_sink *s = ctx;
	struct statement st;
	s->asked++;
	if (s->away)
		return -ECONNREFUSED;
	int r = statement_parse(note, s->genesis, &st);
	snprintf(error, error_size, "no");
	if (r < 0)
		return -EPERM;
	if (st.kind == STATEMENT_TOKEN) {
		if (s->knows_token)
			return -EPERM;
		s->knows_token = true;
		return 0;
	}
	if (!s->knows_token || kit_find(s, st.host) >= 0 || s->count == KIT_HOSTS)
		return -EPERM;
	s->host[s->count] = (struct known_host){
		.enrolled = true, .good = true, .identity = st.identity, .certificate = st.certificate
	};
	memcpy(s->name[s->count], st.host, sizeof(st.host));
	buf_put(&s->note[s->count++], note.data, note.len);
	return 0;
}

static inline void kit_put_token(struct kit *k, const char *count, const char *until, const char *more)
{
	cleanup_buf struct buf text = { 0 }, note = { 0 }, path = { 0 };
	buf_put_str(&text, "swornlog-statement/v1\ntoken\nfleet acme\ntime 2026-11-24T07:00:00Z\ntoken ");
	text_put_hex(&text, k->token.b, 32);
	buf_printf(&text, "\ncount %s\nuntil %s\nhosts web*\n%s", count, until, more);
	buf_put_u8(&text, 0);
	test_statement(&note, (const char *)text.data, "A");
	buf_put_str(&path, "tokens/");
	text_put_hex(&path, k->token.b, 32);
	buf_put(&path, ".token", 7);
	fault_env_put(k->env, (const char *)path.data, note.data, note.len);
}

/* Open, or open anew after a crash. */
static inline void kit_open(struct kit *k)
{
	char error[256] = "";
	int dir = k->env->open(k->env, AT_FDCWD, "joined", O_RDONLY | O_DIRECTORY, 0);
	k->r.tokens_fd = k->env->open(k->env, AT_FDCWD, "tokens", O_RDONLY | O_DIRECTORY, 0);
	k->r.issuer.requests_fd = k->env->open(k->env, AT_FDCWD, "requests", O_RDONLY | O_DIRECTORY, 0);
	k->r.issuer.certificates_fd =
	        k->env->open(k->env, AT_FDCWD, "certificates", O_RDONLY | O_DIRECTORY, 0);
	cr_assert(dir >= 0 && k->r.tokens_fd >= 0);
	cr_assert_eq(ledger_open(k->env, dir, "acme", &k->r.ledger, error, sizeof(error)), 0, "%s", error);
}

static inline void kit_init(struct kit *k)
{
	static const char *const FOLDERS[] = { "joined", "tokens", "requests", "certificates" };
	const char *by, *text = test_statement_example(STATEMENT_GENESIS, &by);
	*k = (struct kit){ .env = fault_env_new() };
	for (size_t i = 0; i < ARRAY_SIZE(FOLDERS); i++)
		cr_assert_eq(k->env->mkdir(k->env, AT_FDCWD, FOLDERS[i], 0700), 0);
	int root = k->env->open(k->env, AT_FDCWD, ".", O_RDONLY | O_DIRECTORY, 0);
	if (root >= 0) {
		cr_assert_eq(k->env->dirsync(k->env, root), 0);
		k->env->close(k->env, root);
	}
	test_statement(&k->genesis, text, by);
	cr_assert_eq(genesis_parse(buf_span(&k->genesis), &k->r.genesis), 0);
	test_cast('R', &k->signer);
	cr_assert_eq(certificate_key_new(&k->ca_key), 0);
	struct certificate_plan plan = {
		.use = CERTIFICATE_CA, .subject = "acme", .days = 3650, .key = k->ca_key
	};
	cr_assert_eq(certificate_issue(&plan, &k->r.issuer.ca), 0);
	cr_assert_eq(certificate_put(&k->ca_pem, k->r.issuer.ca), 0);
	sha256("token", 5, (struct hash *)&k->secret);
	token_hash(&k->secret, &k->token);
	k->sink.genesis = &k->r.genesis;
	k->r.env = k->r.issuer.env = k->env;
	k->r.genesis_note = buf_span(&k->genesis);
	k->r.ca_pem = buf_span(&k->ca_pem);
	k->r.signer = &k->signer;
	k->r.link = (struct link){ .ctx = &k->sink, .host = kit_host, .submit = kit_submit };
	k->r.issuer.ca_key = k->ca_key;
	k->r.issuer.days = 3650;
	k->from.family = AF_INET;
	cr_assert_eq(inet_pton(AF_INET, "192.0.2.7", k->from.address), 1);
	snprintf(k->from.text, sizeof(k->from.text), "192.0.2.7");
	kit_open(k);
}

static inline void kit_done(struct kit *k)
{
	ledger_free(k->r.ledger);
	X509_free(k->r.issuer.ca);
	EVP_PKEY_free(k->ca_key);
	for (size_t i = 0; i < KIT_HOSTS; i++)
		buf_done(&k->sink.note[i]);
	buf_done(&k->genesis);
	buf_done(&k->ca_pem);
	fault_env_free(k->env);
}

static inline void kit_host_init(struct kit_host *h, const char *name)
{
	char identity[KEY_NAME_MAX + 1];
	*h = (struct kit_host){ 0 };
	snprintf(h->name, sizeof(h->name), "%s", name);
	snprintf(identity, sizeof(identity), "acme/host/%s", name);
	cr_assert_eq(signer_generate(env_system(), identity, &h->identity), 0);
	cr_assert_eq(certificate_key_new(&h->key), 0);
}

static inline void kit_host_done(struct kit_host *h)
{
	EVP_PKEY_free(h->key);
}

/* Returns the status; `ret` gets the body. */
static inline unsigned kit_join(struct kit *k, const struct kit_host *h, const struct token_secret *secret,
                                struct buf *ret)
{
	cleanup_buf struct buf body = { 0 };
	cleanup_http_answer struct http_answer a = { 0 };
	cr_assert_eq(request_put(&body, "acme", h->name, &h->identity, h->key, secret), 0);
	registrar_join(&k->r, buf_span(&body), &k->from, &a);
	if (ret) {
		buf_reset(ret);
		buf_put(ret, a.body.data, a.body.len);
	}
	return a.status;
}

/* The status and the error's word. */
static inline void kit_refuses(struct kit *k, const struct kit_host *h, unsigned status, const char *wanted)
{
	cleanup_buf struct buf body = { 0 };
	struct span word, sentence;
	cr_expect_eq(kit_join(k, h, &k->secret, &body), status, "%s", wanted);
	error_text_parse(buf_span(&body), &word, &sentence);
	cr_expect(span_is(word, wanted), "%.*s, not %s", (int)body.len, (const char *)body.data, wanted);
	cr_expect(sentence.len > 10);
}

#endif

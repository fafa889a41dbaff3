#include "tests/support/statements.h"

#include "lib/text.h"
#include "tests/support/host_log.h"

static const struct {
	char letter;
	const char *name;
	const char *seed; /* NULL: the name */
} cast[] = {
	{ 'L', "acme/log", NULL },
	{ 'M', "acme/log", "acme/log/2" },
	{ 'N', "acme/log", "acme/log/3" },
	{ 'A', "acme/admin/ada", NULL },
	{ 'B', "acme/admin/bob", NULL },
	{ 'O', "acme/auditor/otto", NULL },
	{ 'P', "acme/auditor/pia", NULL },
	{ 'R', "acme/registrar", NULL },
	{ 'I', "acme/host/web1", NULL },
	{ 'J', "acme/host/web1", "acme/host/web1/2" },
	{ 'K', "acme/host/web1", "acme/host/web1/3" },
	{ 'Z', "acme/host/web2", NULL },
	{ 'X', "evil/admin/ada", NULL },
	{ 'Y', "acme/admin/a/da", NULL },
	{ 'W', "acme/auditor/ada", NULL },
};

void test_cast(char letter, struct signer *ret)
{
	size_t i = 0;
	while (i < ARRAY_SIZE(cast) && cast[i].letter != letter)
		i++;
	if (i == ARRAY_SIZE(cast))
		abort();
	struct signer s;
	test_signer(cast[i].seed ? cast[i].seed : cast[i].name, &s);
	if (key_make(cast[i].name, KEY_TYPE_ED25519, &s.secret.public_key, &s.key) < 0)
		abort();
	*ret = s;
}

static void put_hash(struct buf *b, const struct signer *s)
{
	struct hash h;
	log_key_hash(&s->secret.public_key, &h);
	text_put_hex(b, h.b, sizeof(h.b));
}

void test_statement_text(struct buf *b, const char *text)
{
	for (const char *p = text; *p; p++) {
		struct signer s;
		if (*p != '$' && *p != '#') {
			buf_put_u8(b, (uint8_t)*p);
			continue;
		}
		char what = *p;
		test_cast(*++p, &s);
		if (what == '$')
			key_put(b, &s.key);
		else
			put_hash(b, &s);
	}
}

void test_statement(struct buf *note, const char *text, const char *by)
{
	cleanup_buf struct buf b = { 0 };
	test_statement_text(&b, text);
	buf_put(note, b.data, b.len);
	buf_put_u8(note, '\n');
	for (; *by; by++) {
		struct signer s;
		test_cast(*by, &s);
		if (note_put_signature(note, (struct span){ b.data, b.len }, &s) < 0)
			abort();
	}
}

#define HEAD(kind) "swornlog-statement/v1\n" kind "\nfleet acme\ntime 2026-11-24T08:00:00Z\n"
#define HEX        "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define ROOT       "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define HOST(key)  "host web1\nidentity $" key "\ncertificate " HEX "\n"

static const struct {
	const char *text, *by;
} examples[STATEMENT_UNKNOWN] = {
	[STATEMENT_GENESIS] = { HEAD("genesis") "log $L\nadmin $A\nadmin $B\nauditor $O\nauditor $P\nneed "
	                                        "enrol 1 1\n"
	                                        "need revoke 2 1\nregistrar $R\nnext-log-key #M\n",
	                        "ABOP" },
	[STATEMENT_ENROL] = { HEAD("enrol") HOST("I") "token " HEX "\n", "R" },
	[STATEMENT_RE_ENROL] = { HEAD("re-enrol") HOST("J") "follows 3 77 " ROOT "\n", "AO" },
	[STATEMENT_ROTATE] = { HEAD("rotate") HOST("K") "announced 1 12\n", "BP" },
	[STATEMENT_REVOKE] = { HEAD("revoke") "host web1\nidentity $I\nat 3 77 " ROOT "\nreason stolen\n",
	                       "ABO" },
	[STATEMENT_RETIRE] = { HEAD("retire") "host web1\nreason scrapped\n", "AO" },
	[STATEMENT_TOKEN] = { HEAD("token") "token " HEX
	                                    "\ncount 40\nuntil 2026-11-25T08:00:00Z\nhosts web*\n"
	                                    "from 192.0.2.0/24\nfrom 2001:db8::/32\n",
	                      "A" },
	[STATEMENT_POLICY] = { HEAD("policy") "policy log $L\npolicy\npolicy quorum none\n", "AO" },
	[STATEMENT_LOG_KEY] = { HEAD("log-key") "log $M\nnext #N\noverlap 86400\n", "AO" },
	[STATEMENT_CLOSE] = { HEAD("close") "host web1\nepoch 2\nreason reinstalled\n", "AO" },
};

const char *test_statement_example(enum statement_kind k, const char **ret_by)
{
	*ret_by = examples[k].by;
	return examples[k].text;
}

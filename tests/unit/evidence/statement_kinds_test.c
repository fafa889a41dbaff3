#include "evidence/statement.h"

#include <criterion/criterion.h>

#include "tests/support/bytes.h"
#include "tests/support/statements.h"

#define TIME "time 2026-11-24T08:00:00Z\n"
#define PEOPLE                                                                                               \
	"swornlog-statement/v1\ngenesis\nfleet acme\n" TIME                                                  \
	"log $L\nadmin $A\nadmin $B\nauditor $O\nauditor $P\nneed enrol 1 1\n"
#define SAYS(kind) "swornlog-statement/v1\n" kind "\nfleet acme\n" TIME
#define HEX        "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define ROOT       "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define NOTHING    "0 0 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
#define HOST       "host web1\nidentity $I\ncertificate " HEX "\n"

static int genesis_from(const char *text, struct genesis *ret)
{
	cleanup_buf struct buf note = { 0 };
	test_statement(&note, text, "ABOP");
	return genesis_parse(buf_span(&note), ret);
}

static struct genesis fleet(const char *more)
{
	cleanup_buf struct buf text = { 0 };
	struct genesis g;
	buf_printf(&text, "%s%s", PEOPLE, more);
	buf_put_u8(&text, 0);
	cr_assert_eq(genesis_from((const char *)text.data, &g), 0, "%s", more);
	return g;
}

static int parse(const struct genesis *g, const char *text, const char *by, struct statement *ret)
{
	cleanup_buf struct buf note = { 0 };
	struct statement s = { .time_s = 77 };
	test_statement(&note, text, by);
	int r = statement_parse(buf_span(&note), g, &s);
	cr_assert(r == 0 || s.time_s == 77);
	if (ret)
		*ret = s;
	return r;
}

Test(statement_kinds, a_genesis_says_who_must_sign_what)
{
	struct genesis g = fleet("need rotate 2 0\nneed token 0 1\nneed close 2 2\n");
	struct need n = genesis_need(&g, STATEMENT_ROTATE);
	cr_expect(n.admins == 2 && n.auditors == 0);
	n = genesis_need(&g, STATEMENT_TOKEN);
	cr_expect(n.admins == 0 && n.auditors == 1);
	n = genesis_need(&g, STATEMENT_CLOSE);
	cr_expect(n.admins == 2 && n.auditors == 2);
}

Test(statement_kinds, a_genesis_that_is_silent_leaves_the_defaults)
{
	static const struct {
		enum statement_kind kind;
		uint64_t admins, auditors;
	} all[] = { { STATEMENT_ENROL, 1, 1 },  { STATEMENT_RE_ENROL, 1, 1 }, { STATEMENT_ROTATE, 1, 1 },
		    { STATEMENT_REVOKE, 1, 1 }, { STATEMENT_RETIRE, 1, 1 },   { STATEMENT_TOKEN, 1, 0 },
		    { STATEMENT_POLICY, 1, 1 }, { STATEMENT_LOG_KEY, 1, 1 },  { STATEMENT_CLOSE, 1, 1 } };
	struct genesis g = fleet("");
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		struct need n = genesis_need(&g, all[i].kind);
		cr_expect(n.admins == all[i].admins && n.auditors == all[i].auditors, "%s",
		          statement_kind_name(all[i].kind));
	}
	g = fleet("need revoke 2 2\n");
	cr_expect_eq(genesis_need(&g, STATEMENT_RETIRE).admins, 1, "as enrol");
}

Test(statement_kinds, a_genesis_names_the_registrar_and_the_next_key_of_the_log)
{
	struct genesis g = fleet("registrar $R\nnext-log-key #M\n");
	struct signer registrar, next;
	struct hash h;
	test_cast('R', &registrar);
	test_cast('M', &next);
	log_key_hash(&next.secret.public_key, &h);
	cr_assert(g.has_registrar && key_equal(&g.registrar, &registrar.key));
	cr_assert(g.has_next_log && hash_equal(&g.next_log, &h));
	cleanup_buf struct buf text = { 0 }, want = { 0 };
	genesis_put_text(&text, &g);
	test_statement_text(&want, PEOPLE "registrar $R\nnext-log-key #M\n");
	cr_assert(bytes_equal(buf_span(&text), buf_span(&want)));
}

Test(statement_kinds, other_lines_at_the_end_of_a_genesis_are_refused)
{
	static const char *const wrong[] = {
		"need enrol 1 1\n",
		"need grant 1 1\n",
		"need genesis 1 1\n",
		"need token 0 0\n",
		"need token 3 0\n",
		"need token 1\n",
		"need token 1 1\nneed rotate 1 1\n",
		"need token 1 1\nneed token 1 1\n",
		"registrar $A\n",
		"registrar $I\n",
		"registrar $R\nregistrar $R\n",
		"registrar $R\nneed token 1 1\n",
		"next-log-key #M\nregistrar $R\n",
		"next-log-key 00\n",
		"next-log-key $M\n",
		"next-log-key #M\nnext-log-key #M\n",
		"need\n",
		"registrar \n",
	};
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		cleanup_buf struct buf text = { 0 };
		struct genesis g;
		buf_printf(&text, "%s%s", PEOPLE, wrong[i]);
		buf_put_u8(&text, 0);
		cr_expect_eq(genesis_from((const char *)text.data, &g), -EBADMSG, "%s", wrong[i]);
	}
}

/* One of each kind, as the format writes it. */
static const struct {
	const char *text;
	enum statement_kind kind;
} all_kinds[] = {
	{ SAYS("enrol") HOST, STATEMENT_ENROL },
	{ SAYS("re-enrol") HOST "follows 3 77 " ROOT "\n", STATEMENT_RE_ENROL },
	{ SAYS("re-enrol") HOST "follows " NOTHING "\n", STATEMENT_RE_ENROL },
	{ SAYS("rotate") HOST "announced 1 0\n", STATEMENT_ROTATE },
	{ SAYS("revoke") "host web1\nidentity $I\nat 4294967295 9223372036854775807 " ROOT
	                 "\nreason stolen\n",
	  STATEMENT_REVOKE },
	{ SAYS("revoke") "host web1\nidentity $I\nat " NOTHING "\nreason stolen\n", STATEMENT_REVOKE },
	{ SAYS("retire") "host web1\nreason scrapped\n", STATEMENT_RETIRE },
	{ SAYS("token") "token " HEX "\ncount 1\nuntil 2026-11-25T08:00:00Z\nhosts web1\n", STATEMENT_TOKEN },
	{ SAYS("token") "token " HEX "\ncount 1000000\nuntil 2026-11-25T08:00:00Z\nhosts web-*.eu\nfrom "
	                "192.0.2.0/24\nfrom 2001:db8::/32\nfrom 0.0.0.0/0\n",
	  STATEMENT_TOKEN },
	{ SAYS("policy") "policy\npolicy = two\npolicy log x\n", STATEMENT_POLICY },
	{ SAYS("log-key") "log $M\nnext #N\noverlap 0\n", STATEMENT_LOG_KEY },
	{ SAYS("close") "host web1\nepoch 2\nreason reinstalled\n", STATEMENT_CLOSE },
};

Test(statement_kinds, what_is_read_is_written_the_same)
{
	struct genesis g = fleet("");
	for (size_t i = 0; i < ARRAY_SIZE(all_kinds); i++) {
		cleanup_buf struct buf note = { 0 }, text = { 0 }, want = { 0 };
		struct statement s;
		test_statement(&note, all_kinds[i].text, "AO");
		cr_assert_eq(statement_parse(buf_span(&note), &g, &s), 0, "%s", all_kinds[i].text);
		cr_assert_eq(s.kind, all_kinds[i].kind);
		statement_put_text(&text, &s);
		test_statement_text(&want, all_kinds[i].text);
		cr_assert(bytes_equal(buf_span(&text), buf_span(&want)), "%s", all_kinds[i].text);
	}
}

Test(statement_kinds, none_is_taken_cut_short_or_with_a_line_too_many)
{
	struct genesis g = fleet("");
	for (size_t i = 0; i < ARRAY_SIZE(all_kinds); i++) {
		cleanup_buf struct buf more = { 0 }, less = { 0 };
		buf_printf(&more, "%smore x\n", all_kinds[i].text);
		buf_put_u8(&more, 0);
		cr_expect_eq(parse(&g, (const char *)more.data, "AO", NULL), -EBADMSG, "%s",
		             all_kinds[i].text);
		/* Without the last line; tokens and policies can do with one less. */
		buf_put_str(&less, all_kinds[i].text);
		for (less.len--; less.data[less.len - 1] != '\n';)
			less.len--;
		buf_put_u8(&less, 0);
		bool repeated = all_kinds[i].kind == STATEMENT_POLICY || strstr(all_kinds[i].text, "from ");
		cr_expect_eq(parse(&g, (const char *)less.data, "AO", NULL), repeated ? 0 : -EBADMSG, "%s",
		             all_kinds[i].text);
	}
}

Test(statement_kinds, values_out_of_their_bounds_are_refused)
{
	static const char *const wrong[] = {
		SAYS("re-enrol") HOST "follows 0 1 " ROOT "\n",
		SAYS("re-enrol") HOST "follows 0 0 " ROOT "\n",
		SAYS("re-enrol") HOST "follows 1 0 " ROOT "\n",
		SAYS("re-enrol") HOST "follows 4294967296 1 " ROOT "\n",
		SAYS("re-enrol") HOST "follows 1 9223372036854775808 " ROOT "\n",
		SAYS("re-enrol") HOST "follows 1 1 AQ==\n",
		SAYS("re-enrol") HOST "follows 1 1\n",
		SAYS("rotate") HOST "announced 0 1\n",
		SAYS("rotate") HOST "announced 1 1 " ROOT "\n",
		SAYS("rotate") HOST "announced 1\n",
		SAYS("rotate") HOST "announced 1 \n",
		SAYS("rotate") "host web1\nidentity $Z\ncertificate " HEX "\nannounced 1 1\n",
		SAYS("revoke") "host web1\nidentity $Z\nat 1 1 " ROOT "\nreason stolen\n",
		SAYS("revoke") "host web1\nidentity $I\nat 1 1 " ROOT "\nreason Stolen\n",
		SAYS("revoke") "host web1\nidentity $I\nat 1 1 " ROOT "\nreason two words\n",
		SAYS("retire") "host web/1\nreason scrapped\n",
		SAYS("token") "token " HEX "\ncount 0\nuntil 2026-11-25T08:00:00Z\nhosts web1\n",
		SAYS("token") "token " HEX "\ncount 1000001\nuntil 2026-11-25T08:00:00Z\nhosts web1\n",
		SAYS("token") "token " HEX "\ncount 1\nuntil 2026-11-31T08:00:00Z\nhosts web1\n",
		SAYS("token") "token " HEX "\ncount 1\nuntil 2026-11-25T08:00:00Z\nhosts web?\n",
		SAYS("token") "token " HEX "\ncount 1\nuntil 2026-11-25T08:00:00Z\nhosts \n",
		SAYS("token") "token " HEX
		              "\ncount 1\nuntil 2026-11-25T08:00:00Z\nhosts web1\nfrom 1.2.3.4\n",
		SAYS("token") "token " HEX
		              "\ncount 1\nuntil 2026-11-25T08:00:00Z\nhosts web1\nfrom 1.2.3.4/24\n",
		SAYS("policy") "",
		SAYS("policy") "policy \n",
		SAYS("policy") "policy a\tb\n",
		SAYS("policy") "policies\n",
		SAYS("log-key") "log $A\nnext #N\noverlap 0\n",
		SAYS("log-key") "log $M\nnext #N\noverlap 31536001\n",
		SAYS("log-key") "log $M\nnext #N\noverlap -1\n",
		SAYS("close") "host web1\nepoch 1\nreason reinstalled\n",
		SAYS("close") "host web1\nepoch 4294967296\nreason reinstalled\n",
		SAYS("close") "host web1\nepoch 2 3\nreason reinstalled\n",
		SAYS("genesis") "log $L\n",
		SAYS("Enrol") HOST,
		SAYS("") HOST,
	};
	struct genesis g = fleet("");
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		cr_expect_eq(parse(&g, wrong[i], "ABOP", NULL), -EBADMSG, "case %zu: %s", i, wrong[i]);
}

static int with_lines(const char *head, const char *line, size_t n)
{
	struct genesis g = fleet("");
	cleanup_buf struct buf text = { 0 };
	buf_put_str(&text, head);
	for (size_t i = 0; i < n; i++)
		buf_put_str(&text, line);
	buf_put_u8(&text, 0);
	return parse(&g, (const char *)text.data, "AO", NULL);
}

Test(statement_kinds, repeated_lines_have_their_bounds)
{
	const char *token = SAYS("token") "token " HEX "\ncount 1\nuntil 2026-11-25T08:00:00Z\nhosts web1\n";
	cr_expect_eq(with_lines(token, "from 10.0.0.0/8\n", 16), 0);
	cr_expect_eq(with_lines(token, "from 10.0.0.0/8\n", 17), -EBADMSG);
	cr_expect_eq(with_lines(SAYS("policy"), "policy x\n", 256), 0);
	cr_expect_eq(with_lines(SAYS("policy"), "policy x\n", 257), -EBADMSG);
	char line[1100] = "policy ";
	memset(line + 7, 'x', 1000);
	line[1007] = '\n';
	cr_expect_eq(with_lines(SAYS("policy"), line, 1), 0);
	line[1007] = 'x';
	line[1008] = '\n';
	cr_expect_eq(with_lines(SAYS("policy"), line, 1), -EBADMSG);
}

Test(statement_kinds, each_takes_the_signatures_that_the_genesis_asks_for)
{
	struct genesis g = fleet("need rotate 2 0\nneed token 0 1\n");
	cr_expect_eq(parse(&g, all_kinds[3].text, "AB", NULL), 0);
	cr_expect_eq(parse(&g, all_kinds[3].text, "AO", NULL), -ENOKEY);
	cr_expect_eq(parse(&g, all_kinds[7].text, "AB", NULL), -ENOKEY);
	cr_expect_eq(parse(&g, all_kinds[7].text, "P", NULL), 0);
	cr_expect_eq(parse(&g, all_kinds[4].text, "A", NULL), -ENOKEY,
	             "an administrator alone revokes nothing");
	cr_expect_eq(parse(&g, all_kinds[10].text, "AB", NULL), -ENOKEY, "nor changes the log's key");
	cr_expect_eq(parse(&g, all_kinds[10].text, "OP", NULL), -ENOKEY, "nor do auditors");
	cr_expect_eq(parse(&g, all_kinds[10].text, "BP", NULL), 0);
	cr_expect_eq(parse(&g, all_kinds[11].text, "A", NULL), -ENOKEY);
}

Test(statement_kinds, the_registrar_enrols_under_a_token_and_does_nothing_else)
{
	struct genesis g = fleet("registrar $R\n"), none = fleet("");
	const char *under = SAYS("enrol") HOST "token " HEX "\n";
	struct statement s;
	cr_assert_eq(parse(&g, under, "R", &s), 0);
	cr_assert(s.has_token && s.token.b[1] == 0x11);
	cr_expect_eq(parse(&g, under, "ABOP", NULL), -ENOKEY, "under a token it is the registrar who signs");
	cr_expect_eq(parse(&none, under, "R", NULL), -ENOKEY, "where the genesis names none there is none");
	cr_expect_eq(parse(&g, SAYS("re-enrol") HOST "follows 1 7 " ROOT "\ntoken " HEX "\n", "R", NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(all_kinds); i++) {
		cr_expect_eq(parse(&g, all_kinds[i].text, "R", NULL), -ENOKEY, "%s", all_kinds[i].text);
		cr_expect_eq(parse(&g, all_kinds[i].text, "RO", NULL), -ENOKEY, "%s", all_kinds[i].text);
	}
}

Test(statement_kinds, a_kind_from_the_future_takes_one_person_and_is_not_read)
{
	struct genesis g = fleet("registrar $R\n");
	struct statement s;
	cr_assert_eq(parse(&g, SAYS("grant") "any thing\n", "P", &s), 0);
	cr_assert_eq(s.kind, STATEMENT_UNKNOWN);
	cr_expect_eq(parse(&g, SAYS("grant") "any thing\n", "R", NULL), -ENOKEY);
	cr_expect_eq(parse(&g, SAYS("grant") "any thing\n", "LX", NULL), -ENOKEY);
}

Test(statement_kinds, three_kinds_give_a_host_its_identity)
{
	struct genesis g = fleet("");
	for (size_t i = 0; i < ARRAY_SIZE(all_kinds); i++) {
		cleanup_buf struct buf note = { 0 };
		struct statement s;
		test_statement(&note, all_kinds[i].text, "AO");
		cr_expect_eq(enrolment_parse(buf_span(&note), &g, &s), i < 4 ? 0 : -EBADMSG);
	}
}

Test(statement_kinds, the_lines_of_a_list_are_taken_one_by_one)
{
	struct genesis g = fleet("");
	cleanup_buf struct buf note = { 0 };
	struct statement s;
	struct span value;
	test_statement(&note, all_kinds[9].text, "AO");
	cr_assert_eq(statement_parse(buf_span(&note), &g, &s), 0);
	cr_assert(line_take(&s.policy, &value) && value.len == 0);
	cr_assert(line_take(&s.policy, &value) && span_is(value, "= two"));
	cr_assert(line_take(&s.policy, &value) && span_is(value, "log x"));
	cr_assert_not(line_take(&s.policy, &value));
}

Test(statement_kinds, a_star_stands_for_any_bytes_or_none)
{
	static const struct {
		const char *pattern, *host;
		bool fits;
	} all[] = {
		{ "web1", "web1", true },
		{ "web1", "web11", false },
		{ "web1", "web", false },
		{ "*", "web1", true },
		{ "web*", "web", true },
		{ "web*", "xweb", false },
		{ "*1", "web1", true },
		{ "*1", "web12", false },
		{ "w*b*1", "web-b-1", true },
		{ "a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false },
		{ "**", "x", true },
		{ "*-*", "ab", false },
		{ "web*", "web1.evil", true },
	};
	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		cr_expect_eq(statement_host_fits(all[i].pattern, all[i].host), all[i].fits, "%s %s",
		             all[i].pattern, all[i].host);
}

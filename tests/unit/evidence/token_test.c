#include "evidence/token.h"

#include <criterion/criterion.h>

#include "tests/support/bytes.h"
#include "tests/support/host_log.h"
#include "tests/support/vectors.h"

static struct signer fleet_log;
static struct buf checkpoint, text;
static struct token token, parsed;

static void setup(void)
{
	cleanup_buf struct buf cp = { 0 };
	const struct signer *by = &fleet_log;
	struct hash root;
	test_signer("vectors.example/log", &fleet_log);
	sha256("root", 4, &root);
	checkpoint_put_text(&cp, "vectors.example/log", 7, &root);
	cr_assert_eq(note_put(&checkpoint, buf_span(&cp), &by, 1), 0);
	token = (struct token){ .fleet = "vectors.example",
		                .registrar = "https://registrar.vectors.example:8444",
		                .sink = "https://sink.vectors.example:8443",
		                .log = fleet_log.key,
		                .checkpoint = buf_span(&checkpoint) };
	sha256("ca", 2, &token.ca);
	sha256("genesis", 7, &token.genesis);
	sha256("secret", 6, (struct hash *)&token.secret);
	token_put(&text, &token);
	cr_assert_eq(buf_err(&text), 0);
}

static void teardown(void)
{
	buf_done(&checkpoint);
	buf_done(&text);
}

TestSuite(token, .init = setup, .fini = teardown);

static void replace(const char *from, const char *to)
{
	uint8_t *at = memmem(text.data, text.len, from, strlen(from));
	cleanup_buf struct buf changed = { 0 };
	cr_assert_not_null(at, "%s", from);
	buf_put(&changed, text.data, (size_t)(at - text.data));
	buf_put_str(&changed, to);
	buf_put(&changed, at + strlen(from), text.len - (size_t)(at - text.data) - strlen(from));
	buf_reset(&text);
	buf_put(&text, changed.data, changed.len);
}

static int parse(void)
{
	return token_parse(buf_span(&text), &parsed);
}

Test(token, its_text_is_the_one_in_the_vectors)
{
	cr_expect(vector_is("token.txt", buf_span(&text)));
}

Test(token, what_is_written_is_read)
{
	cr_assert_eq(parse(), 0);
	cr_expect_str_eq(parsed.fleet, "vectors.example");
	cr_expect_str_eq(parsed.registrar, token.registrar);
	cr_expect_str_eq(parsed.sink, token.sink);
	cr_expect(key_equal(&parsed.log, &token.log));
	cr_expect(hash_equal(&parsed.ca, &token.ca) && hash_equal(&parsed.genesis, &token.genesis));
	cr_expect(!parsed.has_policy);
	cr_expect_eq(memcmp(&parsed.secret, &token.secret, sizeof(token.secret)), 0);
	cr_expect(span_equal(parsed.checkpoint, token.checkpoint));
}

Test(token, it_may_pin_a_policy)
{
	token.has_policy = true;
	sha256("policy", 6, &token.policy);
	buf_reset(&text);
	token_put(&text, &token);
	cr_assert_eq(parse(), 0);
	cr_expect(parsed.has_policy && hash_equal(&parsed.policy, &token.policy));
}

Test(token, it_is_known_by_the_hash_of_its_secret)
{
	struct hash h, want;
	sha256(token.secret.b, 32, &want);
	token_hash(&token.secret, &h);
	cr_expect(hash_equal(&h, &want));
}

Test(token, a_checkpoint_that_the_log_did_not_sign_is_refused)
{
	struct signer other;
	test_signer("other/log", &other);
	token.log = other.key;
	buf_reset(&text);
	token_put(&text, &token);
	cr_expect_lt(parse(), 0);
}

Test(token, any_cut_and_any_byte_more_is_noticed)
{
	size_t whole = text.len;
	for (text.len = 0; text.len < whole; text.len++)
		cr_expect_lt(parse(), 0, "at %zu", text.len);
	text.len = whole;
	buf_put_u8(&text, '\n');
	cr_expect_lt(parse(), 0);
}

Test(token, urls_are_https_and_printable)
{
	replace("https://sink", "http://sink");
	cr_expect_eq(parse(), -EBADMSG);
	cr_expect(token_url_ok("https://a"));
	cr_expect_not(token_url_ok("https://"));
	cr_expect_not(token_url_ok("https://a b"));
	cr_expect_not(token_url_ok("https://a\n"));
	cr_expect_not(token_url_ok("file:///etc"));
}

Test(token, lines_have_their_order_and_their_form)
{
	static const char *const CHANGES[][2] = {
		{ "swornlog-token/v1", "swornlog-token/v2" },
		{ "fleet vectors.example", "fleet Vectors" },
		{ "ca ", "ca 00" },
		{ "genesis ", "Genesis " },
		{ "secret ", "secret A" },
		{ "checkpoint ", "checkpoint 0" },
		{ "checkpoint ", "checkpoint 99999" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(CHANGES); i++) {
		teardown();
		checkpoint = text = (struct buf){ 0 };
		setup();
		replace(CHANGES[i][0], CHANGES[i][1]);
		cr_expect_eq(parse(), -EBADMSG, "%s", CHANGES[i][1]);
	}
}

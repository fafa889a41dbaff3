#include "cli/statement_words.h"

#include <criterion/criterion.h>

#include "tests/support/bytes.h"
#include "tests/support/statements.h"

static void words_of(enum statement_kind k, struct buf *ret)
{
	cleanup_buf struct buf text = { 0 };
	const char *by;
	struct statement s;
	test_statement_text(&text, test_statement_example(k, &by));
	cr_assert_eq(statement_parse_text(buf_span(&text), &s), 0);
	cr_assert_eq(statement_words_put(ret, &s), 0);
	buf_put_u8(ret, 0);
}

Test(statement_words, every_kind_is_said_with_all_that_it_names)
{
	static const struct {
		enum statement_kind kind;
		const char *said[4];
	} all[] = {
		{ STATEMENT_ENROL, { "web1 enters", "acme/host/web1+", "under the token 00112233" } },
		{ STATEMENT_RE_ENROL, { "web1 gets a new identity", "epoch 3, size 77, root AQAA" } },
		{ STATEMENT_ROTATE, { "web1 replaces", "epoch 1, entry 12" } },
		{ STATEMENT_REVOKE, { "not to be believed", "epoch 3, size 77", "Reason: stolen" } },
		{ STATEMENT_RETIRE, { "web1 leaves", "Reason: scrapped" } },
		{ STATEMENT_TOKEN, { "40 host(s) named web*", "2026-11-25T08:00:00", "from 192.0.2.0/24" } },
		{ STATEMENT_POLICY, { "witness policy", "quorum none" } },
		{ STATEMENT_LOG_KEY, { "another key", "86400 seconds", "acme/log+" } },
		{ STATEMENT_CLOSE, { "web1", "epoch 2", "reinstalled" } },
	};
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		cleanup_buf struct buf words = { 0 };
		words_of(all[i].kind, &words);
		for (size_t k = 0; k < ARRAY_SIZE(all[i].said) && all[i].said[k]; k++)
			cr_expect(strstr((const char *)words.data, all[i].said[k]), "%s: %s",
			          (const char *)words.data, all[i].said[k]);
		cr_expect(strstr((const char *)words.data, "fleet acme"));
	}
}

Test(statement_words, what_is_not_known_is_not_said)
{
	cleanup_buf struct buf words = { 0 };
	cr_expect_eq(statement_words_put(&words, &(struct statement){ .kind = STATEMENT_UNKNOWN }), -ENOTSUP);
	cr_expect_eq(statement_words_put(&words, &(struct statement){ .kind = STATEMENT_GENESIS }), -ENOTSUP);
}

Test(statement_words, who_has_signed_and_who_has_not_is_told)
{
	cleanup_buf struct buf note = { 0 }, words = { 0 };
	struct genesis g;
	const char *by;
	const char *text = test_statement_example(STATEMENT_GENESIS, &by);
	test_statement(&note, text, by);
	cr_assert_eq(genesis_parse(buf_span(&note), &g), 0);
	const struct statement s = { .kind = STATEMENT_REVOKE };
	statement_words_put_signers(&words, &s, &g, 1u << 1);
	buf_put_u8(&words, 0);
	cr_expect(strstr((const char *)words.data, "signed by acme/admin/bob"));
	cr_expect(strstr((const char *)words.data, "still to sign: 1 administrator(s), 1 auditor(s)"));
	buf_reset(&words);
	statement_words_put_signers(&words, &s, &g, 7);
	buf_put_u8(&words, 0);
	cr_expect(strstr((const char *)words.data, "all who must"));
}

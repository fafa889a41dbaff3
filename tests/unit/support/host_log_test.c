#include "tests/support/host_log.h"

#include <criterion/criterion.h>

#include "evidence/chain.h"

static enum chain_verdict check(struct chain *c, const struct buf *bytes)
{
	cleanup_chain_scratch struct chain_scratch *scratch = NULL;
	cr_assert_eq(chain_scratch_new(&scratch), 0);
	struct batch b;
	cr_assert_eq(batch_parse((struct span){ bytes->data, bytes->len }, &b), (ssize_t)bytes->len);
	enum chain_verdict verdict;
	struct chain_result result;
	cr_assert_eq(chain_check(c, &b, CHAIN_DEEP, scratch, &verdict, &result), 0);
	return verdict;
}

static enum chain_verdict first_with(enum host_log_fault fault)
{
	struct host_log h;
	host_log_init(&h, "acme", "web1", 1);
	cleanup_buf struct buf bytes = { 0 };
	host_log_batch(&h, &(struct host_log_batch){ .events = 3, .fault = fault }, &bytes);
	struct chain c;
	chain_init(&c, &h.origin, &h.identity.key);
	return check(&c, &bytes);
}

Test(host_log, batches_follow_each_other)
{
	struct host_log h;
	host_log_init(&h, "acme", "web1", 1);
	struct chain c;
	chain_init(&c, &h.origin, &h.identity.key);
	for (unsigned i = 0; i < 5; i++) {
		cleanup_buf struct buf bytes = { 0 };
		struct host_log_batch what = { .events = i * 7, .codec = (enum pack_codec)(i % 3) };
		host_log_batch(&h, &what, &bytes);
		cr_assert_eq(check(&c, &bytes), CHAIN_OK, "batch %u", i);
	}
	cr_assert_eq(c.tree.size, h.tree.size);
}

Test(host_log, each_fault_is_what_it_says)
{
	cr_expect_eq(first_with(HOST_LOG_GOOD), CHAIN_OK);
	cr_expect_eq(first_with(HOST_LOG_WRONG_ROOT), CHAIN_WRONG_ROOT);
	cr_expect_eq(first_with(HOST_LOG_FOREIGN_SEAL), CHAIN_WRONG_SEAL);
	cr_expect_eq(first_with(HOST_LOG_BAD_SEAL), CHAIN_WRONG_SEAL);
	cr_expect_eq(first_with(HOST_LOG_NO_SEAL), CHAIN_WRONG_SEAL);
	cr_expect_eq(first_with(HOST_LOG_FOREIGN_IDENTITY), CHAIN_WRONG_IDENTITY);
	cr_expect_eq(first_with(HOST_LOG_NO_IDENTITY), CHAIN_WRONG_IDENTITY);
	cr_expect_eq(first_with(HOST_LOG_NO_SEAL_ENTRY), CHAIN_NO_SEAL_ENTRY);
	cr_expect_eq(first_with(HOST_LOG_NO_EPOCH_ENTRY), CHAIN_NO_EPOCH_ENTRY);
}

Test(host_log, the_enrolment_of_a_test_host_is_accepted)
{
	cleanup_test_fleet struct test_fleet f;
	test_fleet_init(&f, "acme");
	struct genesis g;
	cr_assert_eq(genesis_parse((struct span){ f.genesis_note.data, f.genesis_note.len }, &g), 0);
	struct host_log h;
	host_log_init(&h, "acme", "web1", 1);
	cleanup_buf struct buf note = { 0 };
	test_fleet_enrol(&f, &h, &note);
	struct statement e;
	cr_assert_eq(enrolment_parse((struct span){ note.data, note.len }, &g, &e), 0);
	cr_assert_str_eq(e.host, "web1");
}

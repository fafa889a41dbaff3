#include "evidence/generation.h"

#include <criterion/criterion.h>

#include "evidence/fleet.h"
#include "tests/support/bytes.h"
#include "tests/support/host_log.h"

Test(generation, an_origin_names_its_generation)
{
	struct signer log;
	uint64_t g;
	test_signer("acme/log", &log);
	cr_assert_eq(generation_parse(TEXT("acme/log"), &log.key, &g), 0);
	cr_expect_eq(g, 1);
	cr_assert_eq(generation_parse(TEXT("acme/log/2"), &log.key, &g), 0);
	cr_expect_eq(g, 2);
	cr_assert_eq(generation_parse(TEXT("acme/log/4294967295"), &log.key, &g), 0);
	static const char *const others[] = {
		"acme/log/", "acme/log/1", "acme/log/0", "acme/log/02",  "acme/log/4294967296", "acme/log2",
		"acme/lo",   "",           "acm/log",    "acme/log/2/3", "acme/log/x"
	};
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		cr_expect_eq(generation_parse((struct span){ (const uint8_t *)others[i], strlen(others[i]) },
		                              &log.key, &g),
		             -EBADMSG, "%s", others[i]);
}

Test(generation, a_checkpoint_verifies_under_the_name_of_its_generation_alone)
{
	struct signer log, second;
	struct hash root = { { 1 } };
	struct checkpoint c;
	test_signer("acme/log", &log);
	second = log;
	cr_assert_eq(generation_key(&log.key, 2, &second.key), 0);
	cr_expect_neq(memcmp(log.key.id, second.key.id, 4), 0, "another name, another key id");
	cleanup_buf struct buf text = { 0 }, good = { 0 }, bad = { 0 };
	const struct signer *by_second[] = { &second }, *by_first[] = { &log };
	checkpoint_put_text(&text, "acme/log/2", 7, &root);
	cr_assert_eq(note_put(&good, buf_span(&text), by_second, 1), 0);
	cr_assert_eq(note_put(&bad, buf_span(&text), by_first, 1), 0);
	cr_assert_eq(checkpoint_verify_fleet(buf_span(&good), &log.key, true, &c), 0);
	cr_expect(c.generation == 2 && c.size == 7);
	cr_expect_eq(checkpoint_verify_fleet(buf_span(&bad), &log.key, true, &c), -ENOKEY);
}

Test(generation, what_restored_says_is_read_back_and_nothing_else_is)
{
	struct signer log;
	struct restored r = { .former = 1, .size = 42, .root = { { 1 } }, .generation = 2 }, again;
	test_signer("acme/log", &log);
	cleanup_buf struct buf b = { 0 };
	restored_put(&b, &log.key, &r);
	cr_expect(bytes_equal(buf_span(&b),
	                      TEXT("acme/log 42 AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= 2")));
	cr_assert_eq(restored_parse(buf_span(&b), &log.key, &again), 0);
	cr_expect(again.former == 1 && again.size == 42 && again.generation == 2 &&
	          hash_equal(&again.root, &r.root));
	for (size_t n = 0; n < b.len; n++)
		cr_expect_eq(restored_parse((struct span){ b.data, n }, &log.key, &again), -EBADMSG, "%zu",
		             n);
	r = (struct restored){ .former = 3, .size = 1, .generation = 3 };
	buf_reset(&b);
	restored_put(&b, &log.key, &r);
	cr_expect(span_starts(buf_span(&b), "acme/log/3 1 "));
	cr_expect_eq(restored_parse(buf_span(&b), &log.key, &again), -EBADMSG, "generations ascend");
}

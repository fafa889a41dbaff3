#include "evidence/seals.h"

#include <criterion/criterion.h>

#include "tests/support/bytes.h"

static const struct sealed_batch first = { .count = 3,
	                                   .epoch = { BYTES(1, 2), 2 },
	                                   .seal = { BYTES(3), 1 },
	                                   .note = { (const uint8_t *)"a\n\nb\n", 5 } };
static const struct sealed_batch second = {
	.first = 3, .count = 2, .seal = { BYTES(4), 1 }, .note = { (const uint8_t *)"c\n", 2 }
};

static void is_batch(const struct sealed_batch *is, const struct sealed_batch *should)
{
	cr_expect_eq(is->first, should->first);
	cr_expect_eq(is->count, should->count);
	cr_expect(bytes_equal(is->epoch, should->epoch));
	cr_expect(bytes_equal(is->seal, should->seal));
	cr_expect(bytes_equal(is->note, should->note));
}

Test(seals, are_written_as_the_format_says)
{
	cleanup_buf struct buf b = { 0 };
	seals_put_head(&b, "acme/host/web1/1");
	seals_put(&b, &first);
	seals_put(&b, &second);
	cr_assert(bytes_equal(buf_span(&b), TEXT("swornlog-seals/v1\norigin acme/host/web1/1\n"
	                                         "batch 0 3\nepoch AQI=\nseal Aw==\nnote 5\na\n\nb\n"
	                                         "batch 3 2\nseal BA==\nnote 2\nc\n")));
}

Test(seals, are_read_one_batch_after_the_other)
{
	cleanup_buf struct buf b = { 0 }, scratch = { 0 };
	struct sealed_batch s;
	seals_put(&b, &first);
	size_t n = b.len;
	seals_put(&b, &second);
	cr_assert_eq(seals_next(buf_span(&b), &scratch, &s), (ssize_t)n);
	is_batch(&s, &first);
	cr_assert_eq(seals_next((struct span){ b.data + n, b.len - n }, &scratch, &s), (ssize_t)(b.len - n));
	is_batch(&s, &second);
}

Test(seals, that_are_cut_or_malformed_are_refused)
{
	cleanup_buf struct buf b = { 0 }, scratch = { 0 };
	struct sealed_batch s;
	seals_put(&b, &first);
	for (size_t n = 0; n < b.len; n++)
		cr_assert_eq(seals_next((struct span){ b.data, n }, &scratch, &s), -EBADMSG, "%zu", n);
	static const char *const bad[] = {
		"batch 0 3\nseal Aw==\nnote 0\n",
		"batch 3 3\nepoch AQI=\nseal Aw==\nnote 0\n",
		"batch 03 3\nseal Aw==\nnote 0\n",
		"batch 3\nseal Aw==\nnote 0\n",
		"batch 3 3\nseal Aw=\nnote 0\n",
		"batch 3 3\nseal Aw==\nnote 16385\n",
		"batch 3 3\nseal Aw==\nnote 99999999999\n",
		"batch 3 3\nseal\nnote 0\n",
	};
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		cr_expect_eq(seals_next(span_str(bad[i]), &scratch, &s), -EBADMSG, "%s", bad[i]);
}

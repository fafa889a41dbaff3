#include "lib/buf.h"

#include <criterion/criterion.h>

#include "tests/support/bytes.h"

Test(buf, a_zeroed_buffer_is_empty_and_takes_bytes)
{
	cleanup_buf struct buf b = { 0 };
	cr_assert_eq(buf_err(&b), 0);
	buf_put(&b, NULL, 0);
	cr_assert_eq(b.len, 0);
	buf_put_str(&b, "ab");
	buf_put_u8(&b, 1);
	buf_put_u16be(&b, 0x0203);
	buf_put_u32be(&b, 0x04050607);
	buf_put_u64be(&b, 0x08090a0b0c0d0e0f);
	cr_assert(
	        bytes_equal(buf_span(&b), SPAN('a', 'b', 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)));
}

Test(buf, printf_appends_without_its_nul)
{
	cleanup_buf struct buf b = { 0 };
	buf_printf(&b, "%s-%03d", "x", 7);
	buf_printf(&b, "%s", "");
	buf_put_u8(&b, '!');
	cr_assert(bytes_equal(buf_span(&b), TEXT("x-007!")));
}

Test(buf, an_extension_by_nothing_is_no_error)
{
	cleanup_buf struct buf b = { 0 };
	cr_assert_not_null(buf_extend(&b, 0));
	cr_assert_eq(b.len, 0);
	cr_assert_eq(buf_err(&b), 0);
}

Test(buf, growth_keeps_what_is_there)
{
	cleanup_buf struct buf b = { 0 };
	for (unsigned i = 0; i < 100000; i++)
		buf_put_u8(&b, (uint8_t)(i % 251));
	cr_assert_eq(b.len, 100000);
	for (unsigned i = 0; i < 100000; i++)
		cr_assert_eq(b.data[i], i % 251);
}

Test(buf, it_grows_to_its_bound_and_not_beyond)
{
	cleanup_buf struct buf b = { 0 };
	cr_assert_not_null(buf_extend(&b, BUF_MAX_BYTES));
	cr_assert_eq(buf_err(&b), 0);
	buf_put_u8(&b, 1);
	cr_assert_eq(buf_err(&b), -EMSGSIZE);
	cr_assert_eq(b.len, BUF_MAX_BYTES);
}

Test(buf, lengths_near_the_end_of_the_address_space_are_refused)
{
	cleanup_buf struct buf b = { 0 };
	buf_put_u8(&b, 1);
	cr_assert_null(buf_extend(&b, SIZE_MAX));
	cr_assert_eq(buf_err(&b), -EMSGSIZE);
}

Test(buf, an_error_sticks_until_the_reset)
{
	cleanup_buf struct buf b = { 0 };
	buf_put_str(&b, "kept");
	cr_assert_null(buf_extend(&b, BUF_MAX_BYTES + 1));
	buf_put_str(&b, "lost");
	buf_printf(&b, "%d", 1);
	cr_assert_null(buf_extend(&b, 0));
	cr_assert_eq(buf_err(&b), -EMSGSIZE);
	cr_assert_eq(b.len, 4);
	buf_reset(&b);
	cr_assert_eq(buf_err(&b), 0);
	buf_put_str(&b, "again");
	cr_assert(bytes_equal(buf_span(&b), TEXT("again")));
}

Test(buf, consume_drops_from_the_front)
{
	cleanup_buf struct buf b = { 0 };
	buf_consume(&b, 0);
	buf_put_str(&b, "abcdef");
	buf_consume(&b, 0);
	buf_consume(&b, 4);
	cr_assert(bytes_equal(buf_span(&b), TEXT("ef")));
	buf_consume(&b, 2);
	cr_assert_eq(b.len, 0);
}

Test(buf, wipe_zeroes_all_of_the_memory)
{
	cleanup_buf struct buf b = { 0 };
	buf_put_str(&b, "a secret that is longer than what stays");
	b.len = 3;
	buf_wipe(&b);
	cr_assert_eq(b.len, 0);
	for (size_t i = 0; i < b.cap; i++) {
		if (i < 40)
			cr_assert_eq(b.data[i], 0);
	}
	struct buf never = { 0 };
	buf_wipe(&never);
}

Test(buf, done_leaves_a_buffer_that_can_be_used_again)
{
	struct buf b = { 0 };
	buf_put_str(&b, "x");
	buf_done(&b);
	cr_assert_null(b.data);
	buf_put_str(&b, "y");
	cr_assert_eq(b.len, 1);
	buf_done(&b);
	buf_done(&b);
}

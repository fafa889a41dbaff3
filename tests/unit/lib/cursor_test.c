#include "lib/cursor.h"

#include <criterion/criterion.h>

#include "tests/support/bytes.h"

Test(cursor, numbers_are_big_endian)
{
	struct cursor c;
	struct span in = SPAN(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
	cursor_init(&c, in.data, in.len);
	cr_assert_eq(cursor_u8(&c), 0x01);
	cr_assert_eq(cursor_u16be(&c), 0x0203);
	cr_assert_eq(cursor_u32be(&c), 0x04050607);
	cr_assert_eq(cursor_u64be(&c), 0x08090a0b0c0d0e0f);
	cr_assert_eq(cursor_finish(&c), 0);
}

Test(cursor, a_read_past_the_end_yields_zero_and_an_error_that_sticks)
{
	struct cursor c;
	cursor_init(&c, "\xff\xff\xff", 3);
	cr_assert_eq(cursor_u32be(&c), 0);
	cr_assert_eq(c.err, -EBADMSG);
	cr_assert_eq(cursor_u8(&c), 0);
	cr_assert_eq(cursor_left(&c), 0);
	cr_assert_eq(cursor_finish(&c), -EBADMSG);
	struct span s = cursor_bytes(&c, 0);
	cr_assert_null(s.data);
}

Test(cursor, no_bytes_at_all_are_an_empty_run)
{
	struct cursor c;
	cursor_init(&c, NULL, 0);
	cr_assert_eq(cursor_left(&c), 0);
	cr_assert_eq(cursor_finish(&c), 0);
	cr_assert_eq(cursor_line(&c).len, 0);
	cr_assert_eq(c.err, -EBADMSG);
}

Test(cursor, bytes_are_handed_out_in_place)
{
	struct cursor c;
	struct span in = SPAN(1, 2, 3);
	cursor_init(&c, in.data, in.len);
	struct span s = cursor_bytes(&c, 2);
	cr_assert_eq(s.data, in.data);
	cr_assert_eq(cursor_bytes(&c, 0).len, 0);
	cr_assert_eq(c.err, 0);
	cr_assert_null(cursor_bytes(&c, SIZE_MAX).data);
	cr_assert_eq(c.err, -EBADMSG);
}

Test(cursor, lines_end_with_a_newline_and_only_with_one)
{
	struct cursor c;
	cursor_init(&c, "a\n\nrest", 7);
	cr_assert(span_is(cursor_line(&c), "a"));
	struct span empty = cursor_line(&c);
	cr_assert_eq(empty.len, 0);
	cr_assert_not_null(empty.data);
	cr_assert_null(cursor_line(&c).data);
	cr_assert_eq(cursor_finish(&c), -EBADMSG);
}

Test(cursor, bytes_left_over_are_an_error_at_the_end)
{
	struct cursor c;
	cursor_init(&c, "ab", 2);
	cursor_u8(&c);
	cr_assert_eq(c.err, 0);
	cr_assert_eq(cursor_finish(&c), -EBADMSG);
}

Test(cursor, spans_compare_by_content_and_empty_ones_need_no_memory)
{
	struct span none = { 0 };
	cr_assert(span_equal(none, TEXT("")));
	cr_assert(span_is(none, ""));
	cr_assert(span_starts(none, ""));
	cr_assert_not(span_starts(none, "a"));
	cr_assert(span_starts(TEXT("abc"), "ab"));
	cr_assert_not(span_starts(TEXT("a"), "ab"));
	cr_assert_not(span_equal(TEXT("ab"), TEXT("ac")));
	cr_assert_not(span_is(TEXT("ab\0"), "ab"));
}

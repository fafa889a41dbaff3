#include "evidence/record.h"

#include <criterion/criterion.h>

#include "tests/support/bytes.h"

static const struct record_file journal = { .number = 258 };
static const struct record_file segment = { .segment = true, .number = 258 };

#define H32                                                                                                  \
	1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27,   \
	        28, 29, 30, 31, 32

Test(record, a_file_header_is_magic_and_number)
{
	cleanup_buf struct buf b = { 0 };
	record_put_file_header(&b, &journal);
	cr_assert(bytes_equal(buf_span(&b),
	                      SPAN('s', 'w', 'l', 'j', 'r', 'n', 'l', '1', 0, 0, 0, 0, 0, 0, 1, 2)));
	buf_reset(&b);
	record_put_file_header(&b, &segment);
	cr_assert(bytes_equal(buf_span(&b),
	                      SPAN('s', 'w', 'l', 's', 'e', 'g', 'm', '1', 0, 0, 0, 0, 0, 0, 1, 2)));
	struct record_file f;
	cr_assert_eq(record_parse_file_header(buf_span(&b), &f), 0);
	cr_assert(f.segment);
	cr_assert_eq(f.number, 258);
}

Test(record, other_file_headers_are_refused)
{
	const struct span wrong[] = {
		SPAN('s', 'w', 'l', 'j', 'r', 'n', 'l', '1', 0, 0, 0, 0, 0, 0, 1),
		SPAN('s', 'w', 'l', 'j', 'r', 'n', 'l', '2', 0, 0, 0, 0, 0, 0, 0, 1),
		SPAN('s', 'w', 'l', 'j', 'r', 'n', 'l', '1', 0, 0, 0, 0, 0, 0, 0, 0),
		SPAN('s', 'w', 'l', 'j', 'r', 'n', 'l', '1', 0x80, 0, 0, 0, 0, 0, 0, 0),
		{ NULL, 0 },
	};
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct record_file f = { .number = 77 };
		cr_expect_eq(record_parse_file_header(wrong[i], &f), -EBADMSG, "%zu", i);
		cr_assert_eq(f.number, 77);
	}
}

Test(record, the_check_bytes_cover_file_place_type_length_and_payload)
{
	cleanup_buf struct buf b = { 0 };
	record_put(&b, &journal, 16, RECORD_FLEET, TEXT("abc"));
	/* By hand: H("swljrnl1" || number || offset || type || length || payload). */
	struct hash h;
	sha256("swljrnl1\0\0\0\0\0\0\1\2\0\0\0\0\0\0\0\x10\2\0\0\0\3abc", 32, &h);
	cr_assert_eq(b.len, 5 + 3 + 8);
	cr_assert_eq(memcmp(b.data, "\2\0\0\0\3abc", 8), 0);
	cr_assert_eq(memcmp(b.data + 8, h.b, 8), 0);
	enum record_type type;
	struct span payload;
	cr_assert_eq(record_parse(buf_span(&b), &journal, 16, &type, &payload), 16);
	cr_assert_eq(type, RECORD_FLEET);
	cr_assert(span_is(payload, "abc"));
}

static ssize_t parse(const struct buf *b, const struct record_file *f, uint64_t offset)
{
	enum record_type type = (enum record_type)77;
	struct span payload = { NULL, 77 };
	ssize_t n = record_parse(buf_span(b), f, offset, &type, &payload);
	if (n <= 0)
		cr_assert(type == 77 && payload.len == 77);
	return n;
}

Test(record, a_record_moved_to_another_place_or_file_is_refused)
{
	cleanup_buf struct buf b = { 0 };
	struct record_file other = { .number = 259 };
	record_put(&b, &journal, 16, RECORD_BATCH, TEXT("abc"));
	cr_assert_eq(parse(&b, &journal, 16), 16);
	cr_assert_eq(parse(&b, &journal, 17), -EBADMSG);
	cr_assert_eq(parse(&b, &segment, 16), -EBADMSG);
	cr_assert_eq(parse(&b, &other, 16), -EBADMSG);
}

Test(record, every_flipped_bit_is_refused_or_asks_for_more)
{
	cleanup_buf struct buf b = { 0 };
	record_put(&b, &segment, 99, RECORD_INDEX, TEXT("a payload"));
	for (size_t bit = 0; bit < b.len * 8; bit++) {
		b.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		cr_assert_leq(parse(&b, &segment, 99), 0, "bit %zu", bit);
		b.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

Test(record, every_cut_asks_for_more_and_what_follows_is_left)
{
	cleanup_buf struct buf b = { 0 };
	record_put(&b, &segment, 0, RECORD_SNAPSHOT, TEXT("abc"));
	size_t whole = b.len;
	for (b.len = 0; b.len < whole; b.len++)
		cr_assert_eq(parse(&b, &segment, 0), 0);
	buf_put_str(&b, "next");
	cr_assert_eq(parse(&b, &segment, 0), (ssize_t)whole);
}

Test(record, types_and_lengths_out_of_bounds_are_refused_at_once)
{
	const struct span wrong[] = { SPAN(0, 0, 0, 0, 0), SPAN(5, 0, 0, 0, 0), SPAN(0xff, 0, 0, 0, 0),
		                      SPAN(1, 4, 0, 0, 1), SPAN(1, 0xff, 0xff, 0xff, 0xff) };
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct buf b = { .data = (uint8_t *)(uintptr_t)wrong[i].data, .len = wrong[i].len };
		cr_expect_eq(parse(&b, &journal, 0), -EBADMSG, "%zu", i);
	}
	struct buf largest = { .data = (uint8_t *)(uintptr_t) "\1\4\0\0\0", .len = 5 };
	cr_assert_eq(parse(&largest, &journal, 0), 0);
}

#define HEAD(letter, size) 0x83, 0x42, 'o', letter, size, 0x58, 0x20, H32

Test(record, a_fleet_record_is_laid_out_as_the_format_says)
{
	cleanup_buf struct buf b = { 0 }, bare = { 0 };
	struct record_head heads[] = { { TEXT("oa"), 3, { { H32 } } }, { TEXT("ob"), 24, { { H32 } } } };
	fleet_record_put(&b, 7, TEXT("e"), heads, 2, TEXT("note"));
	cr_assert(
	        bytes_equal(buf_span(&b), SPAN(0x84, 0x07, 0x41, 'e', 0x82, HEAD('a', 0x03), 0x83, 0x42, 'o',
	                                       'b', 0x18, 0x18, 0x58, 0x20, H32, 0x44, 'n', 'o', 't', 'e')));
	fleet_record_put(&bare, 0, TEXT("e"), NULL, 0, (struct span){ 0 });
	cr_assert(bytes_equal(buf_span(&bare), SPAN(0x84, 0x00, 0x41, 'e', 0x80, 0xf6)));

	struct fleet_record r;
	struct record_head h;
	cr_assert_eq(fleet_record_parse(buf_span(&b), &r), 0);
	cr_assert(r.index == 7 && span_is(r.entry, "e") && r.head_count == 2 && span_is(r.note, "note"));
	cr_assert(record_next_head(&r.heads, &h) && span_is(h.origin, "oa") && h.size == 3 &&
	          h.root.b[31] == 32);
	cr_assert(record_next_head(&r.heads, &h) && span_is(h.origin, "ob") && h.size == 24);
	cr_assert_not(record_next_head(&r.heads, &h));
	cr_assert_eq(cursor_finish(&r.heads), 0);
	cr_assert_eq(fleet_record_parse(buf_span(&bare), &r), 0);
	cr_assert(r.head_count == 0 && r.note.data == NULL && !record_next_head(&r.heads, &h));
}

Test(record, an_empty_note_is_not_the_same_as_none)
{
	struct fleet_record r;
	cr_assert_eq(fleet_record_parse(SPAN(0x84, 0x00, 0x40, 0x80, 0x40), &r), 0);
	cr_assert_not_null(r.note.data);
	cr_assert_eq(r.note.len, 0);
}

Test(record, other_fleet_records_are_refused)
{
	const struct span wrong[] = {
		{ NULL, 0 },
		SPAN(0x83, 0x00, 0x40, 0x80),
		SPAN(0x85, 0x00, 0x40, 0x80, 0xf6, 0xf6),
		SPAN(0x84, 0x20, 0x40, 0x80, 0xf6),
		SPAN(0x84, 0x00, 0xf6, 0x80, 0xf6),
		SPAN(0x84, 0x00, 0x40, 0xf6, 0xf6),
		SPAN(0x84, 0x00, 0x40, 0x80, 0x00),
		SPAN(0x84, 0x00, 0x40, 0x80, 0xf6, 0x00),
		SPAN(0x84, 0x00, 0x40, 0x81, 0xf6, 0xf6),
		SPAN(0x84, 0x00, 0x40, 0x81, 0x82, 0x41, 'o', 0x01, 0xf6),
		SPAN(0x84, 0x00, 0x40, 0x81, 0x83, 0x41, 'o', 0x01, 0x41, 0x00, 0xf6),
		SPAN(0x84, 0x00, 0x40, 0x81, 0x83, 0x00, 0x01, 0x58, 0x20, H32, 0xf6),
		SPAN(0x84, 0x00, 0x40, 0x9a, 0xff, 0xff, 0xff, 0xff, 0xf6),
	};
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct fleet_record r = { .index = 77 };
		cr_expect_eq(fleet_record_parse(wrong[i], &r), -EBADMSG, "%zu", i);
		cr_assert_eq(r.index, 77);
	}
}

Test(record, an_index_is_rows_in_order)
{
	cleanup_buf struct buf b = { 0 };
	struct index_row rows[] = { { TEXT("o"), 0, 5, 16, 300 }, { TEXT("o"), 5, 1, 316, 100 } };
	index_put(&b, rows, 2);
	cr_assert(bytes_equal(buf_span(&b), SPAN(0x82, 0x85, 0x41, 'o', 0x00, 0x05, 0x10, 0x19, 0x01, 0x2c,
	                                         0x85, 0x41, 'o', 0x05, 0x01, 0x19, 0x01, 0x3c, 0x18, 0x64)));
	struct cursor c;
	struct index_row row;
	size_t n;
	cr_assert_eq(index_open(buf_span(&b), &c, &n), 0);
	cr_assert_eq(n, 2);
	cr_assert(index_next(&c, &row) && row.first == 0 && row.length == 300);
	cr_assert(index_next(&c, &row) && row.first == 5 && row.offset == 316);
	cr_assert_not(index_next(&c, &row));
	cr_assert_eq(cursor_finish(&c), 0);
}

Test(record, other_indexes_are_refused)
{
	struct cursor c;
	struct index_row row = { .first = 77 };
	size_t n;
	cr_assert_eq(index_open(SPAN(0x85), &c, &n), -EBADMSG);
	cr_assert_eq(index_open(SPAN(0xa0), &c, &n), -EBADMSG);
	cr_assert_eq(index_open((struct span){ 0 }, &c, &n), -EBADMSG);
	const struct span cut[] = { SPAN(0x81, 0x84, 0x41, 'o', 0, 1, 2),
		                    SPAN(0x81, 0x85, 0x41, 'o', 0, 1, 2, 0x20) };
	for (size_t i = 0; i < ARRAY_SIZE(cut); i++) {
		cr_assert_eq(index_open(cut[i], &c, &n), 0);
		cr_assert_not(index_next(&c, &row));
		cr_assert_eq(cursor_finish(&c), -EBADMSG);
		cr_assert_eq(row.first, 77);
	}
}

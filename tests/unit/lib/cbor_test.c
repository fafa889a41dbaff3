#include "lib/cbor.h"

#include <criterion/criterion.h>

#include "tests/support/bytes.h"

static bool writes(void (*put)(struct buf *b), struct span want)
{
	cleanup_buf struct buf b = { 0 };
	put(&b);
	return buf_err(&b) == 0 && bytes_equal(buf_span(&b), want);
}

static void put_uints(struct buf *b)
{
	static const uint64_t all[] = {
		0,     10,    23,      24,         100,        255,           256,       1000,
		65535, 65536, 1000000, 4294967295, 4294967296, 1000000000000, UINT64_MAX
	};
	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		cbor_put_uint(b, all[i]);
}

/* The values and bytes of RFC 8949 appendix A, and the edges between the forms. */
Test(cbor, unsigned_integers_have_their_shortest_form)
{
	cr_assert(writes(put_uints,
	                 SPAN(0x00, 0x0a, 0x17, 0x18, 0x18, 0x18, 0x64, 0x18, 0xff, 0x19, 0x01, 0x00, 0x19,
	                      0x03, 0xe8, 0x19, 0xff, 0xff, 0x1a, 0, 1, 0, 0, 0x1a, 0x00, 0x0f, 0x42, 0x40,
	                      0x1a, 0xff, 0xff, 0xff, 0xff, 0x1b, 0, 0, 0, 1, 0, 0, 0, 0, 0x1b, 0, 0, 0, 0xe8,
	                      0xd4, 0xa5, 0x10, 0, 0x1b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)));
}

static void put_ints(struct buf *b)
{
	static const int64_t all[] = { -1, -10, -24, -25, -100, -256, -257, -1000, 5, INT64_MIN };
	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		cbor_put_int(b, all[i]);
}

Test(cbor, negative_integers_have_their_shortest_form)
{
	cr_assert(writes(put_ints,
	                 SPAN(0x20, 0x29, 0x37, 0x38, 0x18, 0x38, 0x63, 0x38, 0xff, 0x39, 0x01, 0x00, 0x39,
	                      0x03, 0xe7, 0x05, 0x3b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)));
}

static void put_others(struct buf *b)
{
	cbor_put_bytes(b, NULL, 0);
	cbor_put_bytes(b, "\1\2\3\4", 4);
	cbor_put_array(b, 0);
	cbor_put_array(b, 25);
	cbor_put_map(b, 2);
	cbor_put_null(b);
	cbor_put_bool(b, false);
	cbor_put_bool(b, true);
}

Test(cbor, the_other_types_are_written_as_the_rfc_says)
{
	cr_assert(writes(put_others, SPAN(0x40, 0x44, 1, 2, 3, 4, 0x80, 0x98, 0x19, 0xa2, 0xf6, 0xf4, 0xf5)));
}

static int64_t read_int(struct span in, int *ret_err)
{
	struct cursor c;
	cursor_init(&c, in.data, in.len);
	int64_t v = cbor_int(&c);
	*ret_err = cursor_finish(&c);
	return v;
}

Test(cbor, integers_that_fit_are_read_and_others_refused)
{
	int err;
	cr_assert_eq(read_int(SPAN(0x20), &err), -1);
	cr_assert_eq(err, 0);
	cr_assert_eq(read_int(SPAN(0x3b, 0x7f, 255, 255, 255, 255, 255, 255, 255), &err), INT64_MIN);
	cr_assert_eq(err, 0);
	cr_assert_eq(read_int(SPAN(0x1b, 0x7f, 255, 255, 255, 255, 255, 255, 255), &err), INT64_MAX);
	cr_assert_eq(err, 0);
	read_int(SPAN(0x1b, 0x80, 0, 0, 0, 0, 0, 0, 0), &err);
	cr_assert_eq(err, -EBADMSG);
	read_int(SPAN(0x3b, 0x80, 0, 0, 0, 0, 0, 0, 0), &err);
	cr_assert_eq(err, -EBADMSG);
	read_int(SPAN(0x40), &err);
	cr_assert_eq(err, -EBADMSG);
}

static bool skips(struct span in)
{
	struct cursor c;
	cursor_init(&c, in.data, in.len);
	cbor_skip(&c);
	return cursor_finish(&c) == 0;
}

Test(cbor, every_form_outside_the_subset_is_refused)
{
	const struct span wrong[] = {
		SPAN(0x18, 0x17),                           /* 23 in two bytes */
		SPAN(0x19, 0x00, 0xff),                     /* 255 in three */
		SPAN(0x1a, 0x00, 0x00, 0xff, 0xff),         /* 65535 in five */
		SPAN(0x1b, 0, 0, 0, 0, 255, 255, 255, 255), /* 2^32-1 in nine */
		SPAN(0x38, 0x00),                           /* -1 in two */
		SPAN(0x58, 0x01, 0xaa),                     /* a length not in its shortest form */
		SPAN(0x98, 0x01, 0x00),
		SPAN(0xb8, 0x01, 0x00, 0x00),
		SPAN(0x1c), /* reserved */
		SPAN(0x1f),
		SPAN(0x5f, 0x41, 0x00, 0xff), /* indefinite */
		SPAN(0x9f, 0xff),
		SPAN(0xbf, 0xff),
		SPAN(0x61, 0x61),       /* text string */
		SPAN(0xc0, 0x00),       /* tag */
		SPAN(0xf7),             /* undefined */
		SPAN(0xf8, 0xff),       /* simple */
		SPAN(0xf9, 0x3c, 0x00), /* floats */
		SPAN(0xfa, 0, 0, 0, 0),
		SPAN(0xff),
		SPAN(0xa1, 0x20, 0x00),                         /* key is negative */
		SPAN(0xa1, 0x41, 0x00, 0x00),                   /* key is bytes */
		SPAN(0xa2, 0x01, 0x00, 0x01, 0x00),             /* key twice */
		SPAN(0xa2, 0x02, 0x00, 0x01, 0x00),             /* keys descend */
		SPAN(0xa1, 0x1b, 0x80, 0, 0, 0, 0, 0, 0, 0, 0), /* key above 2^63-1 */
		SPAN(0x82, 0x00),                               /* cut */
		SPAN(0xa1, 0x00),
		SPAN(0x42, 0x00),
		SPAN(0x9a, 0xff, 0xff, 0xff, 0xff, 0x00), /* more items than bytes */
		SPAN(0xba, 0xff, 0xff, 0xff, 0xff, 0x00),
		SPAN(0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff),
		SPAN(0x00, 0x00), /* a byte after the item */
		{ NULL, 0 },
	};
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		cr_expect_not(skips(wrong[i]), "case %zu", i);
}

Test(cbor, every_form_of_the_subset_is_stepped_over)
{
	const struct span right[] = {
		SPAN(0x00),
		SPAN(0x1b, 255, 255, 255, 255, 255, 255, 255, 255),
		SPAN(0x3b, 255, 255, 255, 255, 255, 255, 255, 255),
		SPAN(0x40),
		SPAN(0x80),
		SPAN(0xa0),
		SPAN(0xf4),
		SPAN(0xf5),
		SPAN(0xf6),
		SPAN(0x83, 0x01, 0x41, 0xff, 0xa2, 0x00, 0x80, 0x18, 0x18, 0xf6),
		SPAN(0xa1, 0x1b, 0x7f, 255, 255, 255, 255, 255, 255, 255, 0x00),
	};
	for (size_t i = 0; i < ARRAY_SIZE(right); i++)
		cr_expect(skips(right[i]), "case %zu", i);
}

/* A body's own array is the eighth (docs/format.md section 5). */
Test(cbor, seven_containers_deep_is_read_and_eight_is_not)
{
	uint8_t deep[9];
	memset(deep, 0x81, sizeof(deep));
	deep[7] = 0x00;
	cr_assert(skips((struct span){ deep, 8 }));
	deep[6] = 0x80;
	cr_assert(skips((struct span){ deep, 7 }));
	deep[6] = 0x81;
	deep[7] = 0x80;
	cr_assert_not(skips((struct span){ deep, 8 }));
	deep[7] = 0x81;
	deep[8] = 0x00;
	cr_assert_not(skips((struct span){ deep, 9 }));
	uint8_t maps[16];
	for (size_t i = 0; i < 16; i += 2) {
		maps[i] = 0xa1;
		maps[i + 1] = 0x00;
	}
	cr_assert_not(skips((struct span){ maps, 16 }));
	maps[14] = 0x05;
	cr_assert(skips((struct span){ maps, 15 }));
}

Test(cbor, a_very_deep_run_of_arrays_does_not_exhaust_the_stack)
{
	cleanup_buf struct buf b = { 0 };
	memset(buf_extend(&b, 1000000), 0x81, 1000000);
	cr_assert_not(skips(buf_span(&b)));
}

Test(cbor, the_wrong_type_is_an_error_that_yields_nothing)
{
	struct cursor c;
	cursor_init(&c, "\xf6", 1);
	cr_assert_eq(cbor_uint(&c), 0);
	cr_assert_eq(c.err, -EBADMSG);
	cursor_init(&c, "\x01", 1);
	cr_assert_null(cbor_bytes(&c).data);
	cr_assert_eq(c.err, -EBADMSG);
	cursor_init(&c, "\xa0", 1);
	cr_assert_eq(cbor_array(&c), 0);
	cr_assert_eq(c.err, -EBADMSG);
	cursor_init(&c, "\x80", 1);
	cr_assert_eq(cbor_map(&c), 0);
	cr_assert_eq(c.err, -EBADMSG);
	cursor_init(&c, "\xf6", 1);
	cr_assert_not(cbor_bool(&c));
	cr_assert_eq(c.err, -EBADMSG);
}

Test(cbor, null_is_consumed_only_where_it_is)
{
	struct cursor c;
	cursor_init(&c, "\x05\xf6", 2);
	cr_assert_not(cbor_null(&c));
	cr_assert_eq(cbor_uint(&c), 5);
	cr_assert(cbor_null(&c));
	cr_assert_not(cbor_null(&c));
	cr_assert_eq(cursor_finish(&c), 0);
}

Test(cbor, counts_never_exceed_the_bytes_that_are_left)
{
	struct cursor c;
	cursor_init(&c, "\x83\0\0", 3);
	cr_assert_eq(cbor_array(&c), 0);
	cr_assert_eq(c.err, -EBADMSG);
	cursor_init(&c, "\xa2\0\0\0", 4);
	cr_assert_eq(cbor_map(&c), 0);
	cr_assert_eq(c.err, -EBADMSG);
}

Test(cbor, peek_names_the_type_and_moves_nothing)
{
	static const struct {
		uint8_t byte;
		enum cbor_type type;
	} all[] = {
		{ 0x00, CBOR_UINT }, { 0x20, CBOR_NEGINT }, { 0x40, CBOR_BYTES }, { 0x80, CBOR_ARRAY },
		{ 0xa0, CBOR_MAP },  { 0xf6, CBOR_NULL },   { 0xf4, CBOR_BOOL },  { 0xf5, CBOR_BOOL },
		{ 0x60, CBOR_NONE }, { 0xc0, CBOR_NONE },   { 0xf7, CBOR_NONE },  { 0xfb, CBOR_NONE },
	};
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		struct cursor c;
		cursor_init(&c, &all[i].byte, 1);
		cr_expect_eq(cbor_peek(&c), all[i].type, "0x%02x", all[i].byte);
		cr_assert_eq(cursor_left(&c), 1);
	}
	struct cursor end;
	cursor_init(&end, NULL, 0);
	cr_assert_eq(cbor_peek(&end), CBOR_NONE);
}

#include "lib/pack.h"

#include <criterion/criterion.h>

#include "tests/support/bytes.h"

static const enum pack_codec codecs[] = { PACK_NONE, PACK_DEFLATE, PACK_ZSTD };

/* "abcabcabcabc" by zlib and by zstd, as other programs wrote them. */
static const uint8_t deflated[] = { 0x78, 0x9c, 0x4b, 0x4c, 0x4a, 0x4e, 0x84,
	                            0x21, 0x00, 0x1d, 0xe0, 0x04, 0x99 };
static const uint8_t frame[] = { 0x28, 0xb5, 0x2f, 0xfd, 0x20, 0x0c, 0x61, 0x00, 0x00, 0x61, 0x62,
	                         0x63, 0x61, 0x62, 0x63, 0x61, 0x62, 0x63, 0x61, 0x62, 0x63 };

static int unpacks(enum pack_codec codec, struct span packed, size_t raw_len, struct buf *out)
{
	int r = unpack(codec, packed, raw_len, out);
	if (r < 0)
		cr_assert_eq(out->len, 0, "nothing is left after a refusal");
	return r;
}

static void refused(enum pack_codec codec, struct span packed, size_t raw_len)
{
	cleanup_buf struct buf out = { 0 };
	cr_expect_eq(unpacks(codec, packed, raw_len, &out), -EBADMSG, "codec %d, %zu bytes to %zu", codec,
	             packed.len, raw_len);
}

Test(pack, bytes_packed_elsewhere_unpack)
{
	cleanup_buf struct buf out = { 0 };
	cr_assert_eq(unpacks(PACK_DEFLATE, (struct span){ deflated, sizeof(deflated) }, 12, &out), 0);
	cr_assert(bytes_equal(buf_span(&out), TEXT("abcabcabcabc")));
	buf_reset(&out);
	cr_assert_eq(unpacks(PACK_ZSTD, (struct span){ frame, sizeof(frame) }, 12, &out), 0);
	cr_assert(bytes_equal(buf_span(&out), TEXT("abcabcabcabc")));
}

Test(pack, what_is_packed_unpacks_to_the_same)
{
	for (size_t i = 0; i < ARRAY_SIZE(codecs); i++) {
		for (size_t n = 1; n < 200000; n = n * 7 + 1) {
			cleanup_buf struct buf raw = { 0 }, packed = { 0 }, out = { 0 };
			for (size_t k = 0; k < n; k++)
				buf_put_u8(&raw, (uint8_t)(k * k >> 3));
			cr_assert_eq(pack(codecs[i], buf_span(&raw), &packed), 0);
			cr_assert_eq(unpacks(codecs[i], buf_span(&packed), n, &out), 0);
			cr_assert(span_equal(buf_span(&out), buf_span(&raw)));
		}
	}
}

Test(pack, both_append_to_what_is_there)
{
	cleanup_buf struct buf packed = { 0 }, out = { 0 };
	buf_put_str(&packed, "front");
	cr_assert_eq(pack(PACK_ZSTD, TEXT("payload"), &packed), 0);
	cr_assert(span_starts(buf_span(&packed), "front"));
	buf_put_str(&out, "kept");
	struct span tail = { packed.data + 5, packed.len - 5 };
	cr_assert_eq(unpack(PACK_ZSTD, tail, 7, &out), 0);
	cr_assert(bytes_equal(buf_span(&out), TEXT("keptpayload")));
	cr_assert_eq(unpack(PACK_ZSTD, tail, 8, &out), -EBADMSG);
	cr_assert(bytes_equal(buf_span(&out), TEXT("keptpayload")));
}

Test(pack, a_byte_too_many_or_too_few_is_refused)
{
	for (size_t i = 0; i < ARRAY_SIZE(codecs); i++) {
		cleanup_buf struct buf packed = { 0 };
		cr_assert_eq(pack(codecs[i], TEXT("twelve bytes"), &packed), 0);
		refused(codecs[i], buf_span(&packed), 11);
		refused(codecs[i], buf_span(&packed), 13);
		refused(codecs[i], buf_span(&packed), 0);
		refused(codecs[i], (struct span){ packed.data, packed.len - 1 }, 12);
		refused(codecs[i], (struct span){ packed.data, 0 }, 12);
		buf_put_u8(&packed, 0);
		refused(codecs[i], buf_span(&packed), 12);
	}
}

Test(pack, a_second_frame_or_stream_is_refused)
{
	for (size_t i = 1; i < ARRAY_SIZE(codecs); i++) {
		cleanup_buf struct buf packed = { 0 };
		cr_assert_eq(pack(codecs[i], TEXT("one"), &packed), 0);
		cr_assert_eq(pack(codecs[i], TEXT("two"), &packed), 0);
		refused(codecs[i], buf_span(&packed), 6);
		refused(codecs[i], buf_span(&packed), 3);
	}
}

Test(pack, skippable_and_legacy_frames_of_zstd_are_refused)
{
	refused(PACK_ZSTD, SPAN(0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0), 0);
	refused(PACK_ZSTD, SPAN(0x5f, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 'a', 'b', 'c', 'd'), 4);
	/* v0.7: the magic is one less */
	refused(PACK_ZSTD, SPAN(0x27, 0xb5, 0x2f, 0xfd, 0x20, 0x01, 0x40, 0x00, 0x01, 'a', 0xc0, 0, 0), 1);
	cleanup_buf struct buf both = { 0 };
	buf_put(&both, BYTES(0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0), 8);
	buf_put(&both, frame, sizeof(frame));
	refused(PACK_ZSTD, buf_span(&both), 12);
	buf_reset(&both);
	buf_put(&both, frame, sizeof(frame));
	buf_put(&both, BYTES(0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0), 8);
	refused(PACK_ZSTD, buf_span(&both), 12);
}

Test(pack, a_frame_that_asks_for_a_dictionary_is_refused)
{
	/* the frame above with dictionary id 7 */
	refused(PACK_ZSTD,
	        SPAN(0x28, 0xb5, 0x2f, 0xfd, 0x21, 0x07, 0x0c, 0x61, 0x00, 0x00, 'a', 'b', 'c', 'a', 'b', 'c',
	             'a', 'b', 'c', 'a', 'b', 'c'),
	        12);
	/* zlib with FDICT set */
	refused(PACK_DEFLATE, SPAN(0x78, 0xbb, 0, 0, 0, 1, 0x03, 0, 0, 0, 0, 1), 0);
}

Test(pack, raw_deflate_and_gzip_are_not_zlib)
{
	refused(PACK_DEFLATE, (struct span){ deflated + 2, sizeof(deflated) - 6 }, 12);
	refused(PACK_DEFLATE,
	        SPAN(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0x4b, 0x04, 0, 0x43, 0xbe, 0xb7, 0xe8, 1, 0, 0, 0),
	        1);
}

Test(pack, a_wrong_checksum_is_refused)
{
	uint8_t wrong[sizeof(deflated)];
	memcpy(wrong, deflated, sizeof(deflated));
	wrong[sizeof(wrong) - 1] ^= 1;
	refused(PACK_DEFLATE, (struct span){ wrong, sizeof(wrong) }, 12);
}

Test(pack, a_bomb_is_cut_off_at_the_length_that_was_named)
{
	cleanup_buf struct buf zeros = { 0 };
	memset(buf_extend(&zeros, 8 << 20), 0, 8 << 20);
	for (size_t i = 1; i < ARRAY_SIZE(codecs); i++) {
		cleanup_buf struct buf packed = { 0 };
		cr_assert_eq(pack(codecs[i], buf_span(&zeros), &packed), 0);
		cr_assert_lt(packed.len, 40000);
		refused(codecs[i], buf_span(&packed), 1000);
		refused(codecs[i], buf_span(&packed), (8 << 20) - 1);
	}
}

Test(pack, an_unknown_codec_is_refused_on_both_ways)
{
	cleanup_buf struct buf out = { 0 };
	cr_assert_eq(pack((enum pack_codec)3, TEXT("x"), &out), -EINVAL);
	cr_assert_eq(unpack((enum pack_codec)3, TEXT("x"), 1, &out), -EBADMSG);
	cr_assert_eq(out.len, 0);
}

Test(pack, every_flipped_bit_is_refused_or_unpacks_to_the_length_that_was_named)
{
	for (size_t i = 1; i < ARRAY_SIZE(codecs); i++) {
		cleanup_buf struct buf packed = { 0 };
		cr_assert_eq(pack(codecs[i], TEXT("the same words, the same words, the same words"), &packed),
		             0);
		for (size_t bit = 0; bit < packed.len * 8; bit++) {
			cleanup_buf struct buf out = { 0 };
			packed.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
			int r = unpacks(codecs[i], buf_span(&packed), 46, &out);
			cr_assert(r == -EBADMSG || (r == 0 && out.len == 46));
			packed.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
	}
}

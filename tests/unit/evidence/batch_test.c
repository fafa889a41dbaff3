#include "evidence/batch.h"

#include <criterion/criterion.h>
#include <openssl/evp.h>

#include "tests/support/bytes.h"
#include "tests/support/host_log.h"

#define ORIGIN "acme/host/web1/1"
#define ROOT   "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define SIGNED "\n\xe2\x80\x94 stranger QUFBQUE=\n"
#define NOTE   ORIGIN "\n12\n" ROOT "\n" SIGNED

static const uint8_t seed[32] = { 's', 'e', 'e', 'd' };

/* Section 8's table, offset by offset. */
static void put_by_hand(struct buf *b, uint8_t codec, struct span raw, struct span packed, const char *note)
{
	buf_put_str(b, "swlbatc1");
	buf_put(b, BYTES(codec, 16, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 10), 16);
	buf_put_u32be(b, (uint32_t)raw.len);
	buf_put_u32be(b, (uint32_t)packed.len);
	buf_put_u32be(b, (uint32_t)strlen(note));
	buf_put(b, seed, sizeof(seed));
	buf_put_str(b, ORIGIN);
	buf_put(b, packed.data, packed.len);
	buf_put_str(b, note);
}

#define RAW TEXT("\0\1a\0\2bc")

static void good(struct buf *b)
{
	put_by_hand(b, 0, RAW, RAW, NOTE);
}

static ssize_t parse(const struct buf *b, struct batch *ret)
{
	struct batch p = { .count = 77 };
	ssize_t n = batch_parse(buf_span(b), &p);
	if (n < 0)
		cr_assert_eq(p.count, 77);
	*ret = p;
	return n;
}

static void refused(const struct buf *b)
{
	struct batch p;
	cr_expect_eq(parse(b, &p), -EBADMSG);
}

Test(batch, a_batch_laid_out_by_hand_parses)
{
	cleanup_buf struct buf b = { 0 };
	struct batch p;
	good(&b);
	size_t len = b.len;
	buf_put_str(&b, "the next one");
	cr_assert_eq(parse(&b, &p), (ssize_t)len);
	cr_assert_eq(batch_length(buf_span(&b)), (ssize_t)len);
	cr_assert_eq(p.codec, PACK_NONE);
	cr_assert(p.count == 2 && p.first == 10 && p.raw_len == 7);
	cr_assert_str_eq(p.origin.host, "web1");
	cr_assert(span_is(p.origin_text, ORIGIN));
	cr_assert_eq(memcmp(p.seed, seed, 32), 0);
	cr_assert(span_equal(p.packed, RAW));
	cr_assert(span_is(p.note_bytes, NOTE));
	cr_assert_eq(p.head.size, 12);
	cr_assert_eq(p.bytes.len, len);
}

Test(batch, every_cut_is_refused)
{
	cleanup_buf struct buf b = { 0 };
	good(&b);
	for (size_t whole = b.len--; b.len < whole; b.len--) {
		refused(&b);
		if (b.len == 0)
			break;
	}
}

/* The header's fields, each with values at its bound and beyond. */
Test(batch, every_field_of_the_header_is_bounded)
{
	static const struct {
		size_t at;
		uint8_t value;
	} wrong[] = {
		{ 0, 'S' }, { 7, '2' },   { 8, 3 },  { 8, 255 },   { 8, 1 },     { 9, 0 },     { 9, 15 },
		{ 9, 17 },  { 9, 144 },   { 10, 1 }, { 11, 1 },    { 12, 1 },    { 13, 1 },    { 14, 1 },
		{ 15, 0 },  { 15, 1 },    { 15, 3 }, { 16, 0x80 }, { 16, 0x7f }, { 23, 9 },    { 23, 11 },
		{ 24, 1 },  { 25, 0x81 }, { 27, 6 }, { 27, 8 },    { 28, 1 },    { 29, 0x11 }, { 31, 6 },
		{ 31, 8 },  { 33, 1 },    { 34, 4 }, { 35, 0 },
	};
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		cleanup_buf struct buf b = { 0 };
		struct batch p;
		good(&b);
		b.data[wrong[i].at] = wrong[i].value;
		ssize_t n = parse(&b, &p);
		/* a deflate header over raw bytes is found when it is unpacked */
		if (wrong[i].at == 8 && wrong[i].value == 1)
			cr_expect_gt(n, 0);
		else
			cr_expect_eq(n, -EBADMSG, "byte %zu = %d", wrong[i].at, wrong[i].value);
	}
}

static ssize_t length_with(size_t at, uint32_t value, uint8_t codec)
{
	cleanup_buf struct buf b = { 0 };
	good(&b);
	b.data[8] = codec;
	for (int i = 0; i < 4; i++)
		b.data[at + (size_t)i] = (uint8_t)(value >> (24 - 8 * i));
	return batch_length(buf_span(&b));
}

Test(batch, lengths_are_refused_beyond_their_limits_before_anything_is_read)
{
	size_t rest = BATCH_HEADER_BYTES + 16 + strlen(NOTE);
	cr_assert_eq(length_with(24, 8388608, 2), (ssize_t)(rest + 7));
	cr_assert_eq(length_with(24, 8388609, 2), -EBADMSG);
	cr_assert_eq(length_with(28, 1048576, 1), (ssize_t)(rest + 1048576));
	cr_assert_eq(length_with(28, 1048577, 1), -EBADMSG);
	cr_assert_eq(length_with(28, UINT32_MAX, 1), -EBADMSG);
	cr_assert_eq(length_with(32, 1024, 0), (ssize_t)(rest + 7 + 1024 - strlen(NOTE)));
	cr_assert_eq(length_with(32, 1025, 0), -EBADMSG);
	cr_assert_eq(length_with(12, 65536, 0), (ssize_t)(rest + 7));
	cr_assert_eq(length_with(12, 65537, 0), -EBADMSG);
	cr_assert_eq(length_with(12, 0, 0), -EBADMSG);
	cr_assert_eq(length_with(24, 8, 0), -EBADMSG); /* codec none: raw and packed differ */
	cleanup_buf struct buf b = { 0 };
	good(&b);
	b.len = BATCH_HEADER_BYTES - 1;
	cr_assert_eq(batch_length(buf_span(&b)), 0);
	cr_assert_eq(batch_length((struct span){ 0 }), 0);
}

Test(batch, the_note_must_be_a_checkpoint_of_this_origin_and_size)
{
	static const char *const wrong[] = {
		"",
		ORIGIN "\n12\n" ROOT "\n\n",
		ORIGIN "\n12\n" ROOT "\n",
		"acme/host/web2/1\n12\n" ROOT "\n" SIGNED,
		ORIGIN "0\n12\n" ROOT "\n" SIGNED,
		ORIGIN "\n11\n" ROOT "\n" SIGNED,
		ORIGIN "\n13\n" ROOT "\n" SIGNED,
		ORIGIN "\n12\n" ROOT "\nextension\n" SIGNED,
		ORIGIN "\n012\n" ROOT "\n" SIGNED,
		ORIGIN "\n12\n" ROOT "\n" SIGNED "x",
	};
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		cleanup_buf struct buf b = { 0 };
		put_by_hand(&b, 0, RAW, RAW, wrong[i]);
		refused(&b);
	}
}

Test(batch, an_origin_that_is_none_is_refused)
{
	static const char *const wrong[] = { "acme/host/web1/0", "acme/log/web1/11", "Acme/host/web1/1",
		                             "acme/host/web1//" };
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		cleanup_buf struct buf b = { 0 };
		good(&b);
		memcpy(b.data + BATCH_HEADER_BYTES, wrong[i], 16);
		uint8_t *note =
		        memmem(b.data + BATCH_HEADER_BYTES + 16, b.len - BATCH_HEADER_BYTES - 16, ORIGIN, 16);
		memcpy(note, wrong[i], 16);
		refused(&b);
	}
}

Test(batch, the_writer_makes_what_was_laid_out_by_hand)
{
	struct hash root;
	for (uint8_t i = 0; i < 32; i++)
		root.b[i] = i;
	struct batch_parts parts = { .codec = PACK_NONE,
		                     .origin = ORIGIN,
		                     .count = 2,
		                     .first = 10,
		                     .seed = seed,
		                     .raw = RAW,
		                     .root = &root,
		                     .signature_bytes = strlen(SIGNED) - 1 };
	cleanup_buf struct buf made = { 0 }, hand = { 0 };
	cr_assert_eq(batch_put_unsigned(&made, &parts), 0);
	buf_put_str(&made, SIGNED + 1);
	good(&hand);
	cr_assert(bytes_equal(buf_span(&made), buf_span(&hand)));
}

static int written(struct batch_parts parts)
{
	static const struct hash root;
	cleanup_buf struct buf b = { 0 };
	parts.origin = ORIGIN;
	parts.seed = seed;
	parts.root = &root;
	return batch_put_unsigned(&b, &parts);
}

Test(batch, the_writer_refuses_what_a_reader_would)
{
	cleanup_buf struct buf big = { 0 };
	uint8_t *at = buf_extend(&big, BATCH_MAX_RAW + 1);
	uint32_t x = 1;
	for (size_t i = 0; i < big.len; i++) {
		x = x * 1664525 + 1013904223;
		at[i] = (uint8_t)(x >> 24);
	}
	struct span limit = { at, BATCH_MAX_PACKED }, over = { at, BATCH_MAX_PACKED + 1 },
	            huge = { at, BATCH_MAX_RAW + 1 };
	cr_assert_eq(written((struct batch_parts){ .count = 0, .raw = RAW }), -EMSGSIZE);
	cr_assert_eq(written((struct batch_parts){ .count = BATCH_MAX_COUNT + 1, .raw = RAW }), -EMSGSIZE);
	cr_assert_eq(written((struct batch_parts){ .count = 1, .raw = limit }), 0);
	cr_assert_eq(written((struct batch_parts){ .count = 1, .raw = over }), -EMSGSIZE);
	cr_assert_eq(written((struct batch_parts){ .count = 1, .codec = PACK_ZSTD, .raw = over }), -EMSGSIZE);
	cr_assert_eq(written((struct batch_parts){ .count = 1, .codec = PACK_ZSTD, .raw = huge }), -EMSGSIZE);
	cr_assert_eq(written((struct batch_parts){ .count = 1, .raw = RAW, .signature_bytes = 1024 }),
	             -EMSGSIZE);
	cr_assert_eq(written((struct batch_parts){ .count = 1, .codec = (enum pack_codec)7, .raw = RAW }),
	             -EINVAL);
}

/* AES-256 of u128be(i) under the seed, block by block. */
Test(batch, salts_are_the_encryptions_of_their_numbers)
{
	cleanup_salter struct salter *s = NULL;
	cr_assert_eq(salter_new(&s), 0);
	EVP_CIPHER_CTX *ecb = EVP_CIPHER_CTX_new();
	cr_assert_eq(EVP_EncryptInit_ex(ecb, EVP_aes_256_ecb(), NULL, seed, NULL), 1);
	EVP_CIPHER_CTX_set_padding(ecb, 0);
	for (int round = 0; round < 2; round++) {
		cr_assert_eq(salter_start(s, seed), 0);
		for (uint32_t i = 0; i < 1000; i++) {
			uint8_t block[16] = { 0 }, want[32], got[16];
			int n;
			block[14] = (uint8_t)(i >> 8);
			block[15] = (uint8_t)i;
			cr_assert_eq(EVP_EncryptUpdate(ecb, want, &n, block, 16), 1);
			cr_assert_eq(salter_next(s, got), 0);
			cr_assert_eq(memcmp(got, want, 16), 0, "salt %u", i);
		}
	}
	EVP_CIPHER_CTX_free(ecb);
}

/* FIPS 197 appendix C.3: the block 00112233.. is not a number below 65536, so this is the zero block's known
 * answer. */
Test(batch, the_first_salt_of_a_zero_seed_is_a_published_one)
{
	static const uint8_t zero[32];
	cleanup_salter struct salter *s = NULL;
	uint8_t got[16], want[16];
	bytes_from_hex("dc95c078a2408989ad48a21492842087", want, 16);
	cr_assert_eq(salter_new(&s), 0);
	cr_assert_eq(salter_start(s, zero), 0);
	cr_assert_eq(salter_next(s, got), 0);
	cr_assert(bytes_equal((struct span){ got, 16 }, (struct span){ want, 16 }));
}

static int bodies_of(struct span raw, size_t *ret_count)
{
	struct cursor c;
	struct span body;
	cursor_init(&c, raw.data, raw.len);
	*ret_count = 0;
	while (batch_next_body(&c, &body))
		++*ret_count;
	return cursor_finish(&c);
}

Test(batch, bodies_have_a_length_between_one_and_the_most)
{
	size_t n;
	cleanup_buf struct buf b = { 0 };
	cr_assert_eq(bodies_of(RAW, &n), 0);
	cr_assert_eq(n, 2);
	cr_assert_eq(bodies_of((struct span){ 0 }, &n), 0);
	cr_assert_eq(n, 0);
	cr_assert_eq(bodies_of(SPAN(0, 0), &n), -EBADMSG);
	cr_assert_eq(bodies_of(SPAN(0, 1, 'a', 0, 0), &n), -EBADMSG);
	cr_assert_eq(bodies_of(SPAN(0), &n), -EBADMSG);
	cr_assert_eq(bodies_of(SPAN(0, 2, 'a'), &n), -EBADMSG);
	buf_put_u16be(&b, ENTRY_BODY_MAX);
	memset(buf_extend(&b, ENTRY_BODY_MAX + 1), 0, ENTRY_BODY_MAX + 1);
	b.len--;
	cr_assert_eq(bodies_of(buf_span(&b), &n), 0);
	b.len++;
	b.data[1]++;
	cr_assert_eq(bodies_of(buf_span(&b), &n), -EBADMSG);
}

Test(batch, leaves_are_hashes_of_salt_and_body)
{
	cleanup_salter struct salter *s = NULL;
	struct batch b = { .count = 2, .seed = seed };
	struct frontier got = { 0 }, want = { 0 };
	uint8_t entry[16 + 2];
	struct hash leaf;
	cr_assert_eq(salter_new(&s), 0);
	cr_assert_eq(batch_hash(&b, RAW, s, &got), 0);
	cr_assert_eq(salter_start(s, seed), 0);
	cr_assert_eq(salter_next(s, entry), 0);
	entry[16] = 'a';
	merkle_leaf((struct span){ entry, 17 }, &leaf);
	frontier_add(&want, &leaf);
	cr_assert_eq(salter_next(s, entry), 0);
	memcpy(entry + 16, "bc", 2);
	merkle_leaf((struct span){ entry, 18 }, &leaf);
	frontier_add(&want, &leaf);
	cr_assert_eq(memcmp(&got, &want, sizeof(got)), 0);
	for (b.count = 0; b.count < 5; b.count++) {
		if (b.count != 2)
			cr_assert_eq(batch_hash(&b, RAW, s, &got), -EBADMSG);
	}
}

Test(batch, an_unsigned_batch_is_recognised_with_the_place_of_its_signatures)
{
	cleanup_buf struct buf b = { 0 };
	struct batch p;
	size_t at = 0;
	good(&b);
	cr_assert_eq(batch_parse_unsigned(buf_span(&b), &p, &at), 0);
	cr_assert_eq(at, b.len - (strlen(SIGNED) - 1));
	cr_assert(p.count == 2 && p.head.size == 12);
	buf_put_u8(&b, 'x');
	cr_assert_eq(batch_parse_unsigned(buf_span(&b), &p, &at), -EBADMSG);
	b.len -= 2;
	cr_assert_eq(batch_parse_unsigned(buf_span(&b), &p, &at), -EBADMSG);
	b.len++;
	memset(b.data + at, 0, b.len - at);
	cr_assert_eq(batch_parse_unsigned(buf_span(&b), &p, &at), 0);
	b.data[at - 1] = 'x';
	cr_assert_eq(batch_parse_unsigned(buf_span(&b), &p, &at), -EBADMSG);
}

Test(batch, unpacking_is_bounded_by_the_header)
{
	struct host_log h;
	host_log_init(&h, "acme", "web1", 1);
	for (int codec = PACK_NONE; codec <= PACK_ZSTD; codec++) {
		cleanup_buf struct buf b = { 0 }, raw = { 0 };
		struct batch p;
		struct host_log_batch what = { .events = 50, .codec = (enum pack_codec)codec };
		host_log_batch(&h, &what, &b);
		cr_assert_gt(parse(&b, &p), 0);
		cr_assert_eq(batch_unpack(&p, &raw), 0);
		cr_assert_eq(raw.len, p.raw_len);
		p.raw_len++;
		cr_assert_eq(batch_unpack(&p, &raw), -EBADMSG);
		p.raw_len -= 2;
		cr_assert_eq(batch_unpack(&p, &raw), -EBADMSG);
	}
}

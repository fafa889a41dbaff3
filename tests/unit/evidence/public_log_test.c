/* Logs that others made: tiles, bundles and checkpoints byte for byte, cosignatures by their verdict. */
#include <stdarg.h>
#include <stdio.h>

#include <criterion/criterion.h>

#include "evidence/merkle.h"
#include "evidence/note.h"
#include "evidence/tile.h"
#include "tests/support/bytes.h"
#include "tests/support/test_data.h"

#define TESSERA_ORIGIN "example.com/log/testdata"
#define TESSERA_VKEY   "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx"
#define TESSERA_PRIVATE                                                                                      \
	"PRIVATE+KEY+example.com/log/testdata+33d7b496+AeymY/SZAX0jZcJ8enZ5FY1Dz+wTML2yWSkK+9DSF3eg"
#define WITNESS  "witness.example.org+b8a2cf20+BFLN3yikSfFkVAJtrnh/CiY3Zozkoy7clp+P7XB28qUN"
#define MIRROR   "mirror.example.org+3fb148ef+BAAjjch9GyYz0sJsJx7ALhbdAtz2ov0unbzSl1vMp94O"
#define MIRRORED "000de184301123b9278c086a7d9f68c9577e83872224c197058fd90784ea9706"

#define NEEDS(name, b)                                                                                       \
	do {                                                                                                 \
		if (!test_data_read(name, b))                                                                \
			cr_skip_test("no public test data beside the checkout");                             \
	} while (0)

static bool read_named(struct buf *b, const char *format, ...) printf_like(2, 3);
static bool read_named(struct buf *b, const char *format, ...)
{
	char name[256];
	va_list ap;
	va_start(ap, format);
	vsnprintf(name, sizeof(name), format, ap);
	va_end(ap);
	return test_data_read(name, b);
}

static size_t entries_of(struct span bundle, struct span *out, size_t max)
{
	struct cursor c;
	size_t n = 0;
	cursor_init(&c, bundle.data, bundle.len);
	while (n < max && tile_next_bundle_entry(&c, &out[n]))
		n++;
	cr_assert_eq(cursor_finish(&c), 0);
	return n;
}

static void signed_as_stored(const struct signer *s, size_t size, const struct hash *root)
{
	cleanup_buf struct buf text = { 0 }, note = { 0 }, stored = { 0 };
	const struct signer *signers[] = { s };
	checkpoint_put_text(&text, TESSERA_ORIGIN, size, root);
	cr_assert_eq(note_put(&note, buf_span(&text), signers, 1), 0);
	cr_assert(read_named(&stored, "tessera-log/checkpoint.%zu", size));
	cr_expect(bytes_equal(buf_span(&note), buf_span(&stored)), "checkpoint of size %zu", size);
	struct key log;
	struct checkpoint p;
	cr_assert_eq(key_parse(TEXT(TESSERA_VKEY), &log), 0);
	cr_expect_eq(checkpoint_verify_fleet(buf_span(&stored), &log, true, &p), 0);
	cr_expect_eq(p.size, size);
}

static void stored_at(int level, unsigned width, const struct buf *want)
{
	char path[TILE_PATH_MAX];
	cleanup_buf struct buf stored = { 0 };
	tile_path(level, 0, width, path);
	cr_assert(read_named(&stored, "tessera-log/%s", path), "%s", path);
	cr_expect(bytes_equal(buf_span(want), buf_span(&stored)), "%s", path);
}

Test(public_log, a_tessera_log_is_made_again_byte_for_byte)
{
	cleanup_buf struct buf all = { 0 }, tile = { 0 }, bundle = { 0 };
	NEEDS("tessera-log/tile/entries/000.p/15", &all);
	struct span entry[16];
	struct signer s;
	struct hash root;
	struct frontier f = { 0 };
	cr_assert_eq(entries_of(buf_span(&all), entry, 16), 15);
	cr_assert_eq(signer_parse(TEXT(TESSERA_PRIVATE), &s), 0);
	frontier_root(&f, &root);
	signed_as_stored(&s, 0, &root);
	for (size_t size = 1; size <= 15; size++) {
		struct hash leaf;
		merkle_leaf(entry[size - 1], &leaf);
		frontier_add(&f, &leaf);
		frontier_root(&f, &root);
		signed_as_stored(&s, size, &root);
		buf_put(&tile, leaf.b, sizeof(leaf.b));
		tile_put_bundle_entry(&bundle, entry[size - 1]);
		cr_assert_eq(tile_partial_width(0, size), size);
		stored_at(0, (unsigned)size, &tile);
		stored_at(TILE_ENTRIES, (unsigned)size, &bundle);
	}
}

static int cosigned(const char *file, const char *vkey, bool tamper, uint64_t *ret)
{
	cleanup_buf struct buf b = { 0 };
	struct key k;
	struct note n;
	cr_assert(test_data_read(file, &b));
	cr_assert_eq(key_parse(span_str(vkey), &k), 0);
	if (tamper)
		b.data[strlen("rome2026h1.example.org\n")] ^= 1;
	cr_assert_eq(note_parse(buf_span(&b), &n), 0);
	return note_verify(&n, &k, 1, ret);
}

Test(public_log, real_cosignatures_verify_and_those_over_another_text_do_not)
{
	cleanup_buf struct buf here = { 0 };
	NEEDS("cosignature/witness/" MIRRORED "/checkpoint", &here);
	static const char *const files[] = { "cosignature/witness/" MIRRORED "/checkpoint",
		                             "cosignature/witness/mirror/" MIRRORED "/checkpoint" };
	static const char *const keys[] = { WITNESS, MIRROR };
	for (size_t i = 0; i < 2; i++) {
		uint64_t by = 0;
		cr_expect_eq(cosigned(files[i], keys[i], false, &by), 0);
		cr_expect_eq(by, 1);
		cr_expect_eq(cosigned(files[i], keys[i], true, &by), -EBADMSG);
		cr_expect_eq(cosigned(files[i], keys[1 - i], false, &by), -ENOKEY);
	}
	cleanup_buf struct buf decoy = { 0 };
	struct note n;
	cr_assert(test_data_read("cosignature/witness/checkpoint", &decoy));
	cr_assert_eq(note_parse(buf_span(&decoy), &n), -EBADMSG);
}

static void put_level(struct buf *tile, const struct hash *h, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf_put(tile, h[i].b, sizeof(h[i].b));
}

/* 300 entries: a full tile, a partial one, and the level above. */
Test(public_log, a_mirrored_log_s_hash_tiles_lead_to_its_checkpoint)
{
	cleanup_buf struct buf full = { 0 }, partial = { 0 }, above = { 0 }, note = { 0 }, made = { 0 };
	NEEDS("cosignature/witness/mirror/" MIRRORED "/tile/0/000", &full);
	cr_assert(test_data_read("cosignature/witness/mirror/" MIRRORED "/tile/0/001.p/44", &partial));
	cr_assert(test_data_read("cosignature/witness/mirror/" MIRRORED "/tile/1/000.p/1", &above));
	cr_assert(test_data_read("cosignature/witness/mirror/" MIRRORED "/checkpoint", &note));
	cr_assert_eq(full.len, 256 * 32);
	cr_assert_eq(partial.len, 44 * 32);
	struct hash leaf[300], root, top;
	memcpy(leaf, full.data, full.len);
	memcpy(leaf + 256, partial.data, partial.len);
	merkle_root(leaf, 300, &root);
	merkle_root(leaf, 256, &top);
	put_level(&made, &top, 1);
	cr_expect(bytes_equal(buf_span(&made), buf_span(&above)));
	struct note n;
	struct checkpoint p;
	cr_assert_eq(note_parse(buf_span(&note), &n), 0);
	cr_assert_eq(checkpoint_parse(n.text, &p), 0);
	cr_expect_eq(p.size, 300);
	cr_expect(hash_equal(&p.root, &root), "the root is the tiles'");
}

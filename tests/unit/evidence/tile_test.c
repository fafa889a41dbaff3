#include "evidence/tile.h"

#include <criterion/criterion.h>

#include "tests/support/bytes.h"

Test(tile, paths_are_those_of_the_specification)
{
	static const struct {
		int level;
		uint64_t index;
		unsigned width;
		const char *path;
	} all[] = {
		{ 0, 0, 256, "tile/0/000" },
		{ 0, 1, 1, "tile/0/001.p/1" },
		{ 1, 999, 255, "tile/1/999.p/255" },
		{ 0, 1000, 256, "tile/0/x001/000" },
		{ 3, 1234067, 256, "tile/3/x001/x234/067" },
		{ 7, 1234067, 8, "tile/7/x001/x234/067.p/8" },
		{ TILE_ENTRIES, 0, 15, "tile/entries/000.p/15" },
		{ TILE_ENTRIES, 273, 256, "tile/entries/273" },
		{ 0, 36028797018963967, 256, "tile/0/x036/x028/x797/x018/x963/967" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		char path[TILE_PATH_MAX];
		int level;
		uint64_t index;
		unsigned width;
		tile_path(all[i].level, all[i].index, all[i].width, path);
		cr_expect_str_eq(path, all[i].path);
		cr_assert_eq(tile_parse_path(span_str(all[i].path), &level, &index, &width), 0, "%s",
		             all[i].path);
		cr_expect(level == all[i].level && index == all[i].index && width == all[i].width);
	}
}

Test(tile, the_longest_path_fits)
{
	char path[TILE_PATH_MAX];
	tile_path(TILE_ENTRIES, UINT64_MAX, 255, path);
	cr_assert_str_eq(path, "tile/entries/x018/x446/x744/x073/x709/x551/615.p/255");
}

Test(tile, any_other_path_is_refused)
{
	static const char *const wrong[] = {
		"",
		"tile",
		"tile/",
		"tile/0",
		"tile/0/",
		"tile/0/0",
		"tile/0/00",
		"tile/0/0000",
		"tile/0/000/",
		"tile/0/000.p",
		"tile/0/000.p/",
		"tile/0/000.p/0",
		"tile/0/000.p/256",
		"tile/0/000.p/01",
		"tile/0/000.p/1/",
		"tile/0/000.p/1 ",
		"tile/0/000.p/+1",
		"tile/0/000.q/1",
		"tile/0/000.p.p/1",
		"tile/0/000p/1",
		"tile/0/000/1",
		"tile/8/000",
		"tile/00/000",
		"tile/-1/000",
		"tile/x/000",
		"tile/data/000",
		"tile/entry/000",
		"Tile/0/000",
		"/tile/0/000",
		"tile//000",
		"tile/0/x000/000",
		"tile/0/x000/x001/000",
		"tile/0/x001",
		"tile/0/x001/",
		"tile/0/x001/x000",
		"tile/0/001/000",
		"tile/0/x01/000",
		"tile/0/X001/000",
		"tile/0/0x1",
		"tile/0/..",
		"tile/0/../1/000",
		"tile/0/x001/x000/x000/x000/x000/x000/x000/000",
		"checkpoint",
		"tile/0/x018/x446/x744/x073/x709/x551/615",
		"tile/0/000\n",
		"tile/9223372036854775808/000",
	};
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		int level = 77;
		uint64_t index = 77;
		unsigned width = 77;
		cr_expect_eq(tile_parse_path(span_str(wrong[i]), &level, &index, &width), -EBADMSG, "%s",
		             wrong[i]);
		cr_assert(level == 77 && index == 77 && width == 77);
	}
	int level;
	uint64_t index;
	unsigned width;
	cr_assert_eq(
	        tile_parse_path((struct span){ (const uint8_t *)"tile/0/000\0", 11 }, &level, &index, &width),
	        -EBADMSG);
}

Test(tile, widths_follow_from_the_size)
{
	static const struct {
		int level;
		uint64_t size, full;
		unsigned partial;
	} all[] = {
		{ 0, 0, 0, 0 },
		{ 0, 255, 0, 255 },
		{ 0, 256, 1, 0 },
		{ 0, 257, 1, 1 },
		{ 1, 255, 0, 0 },
		{ 1, 256, 0, 1 },
		{ 1, 65535, 0, 255 },
		{ 1, 65536, 1, 0 },
		{ 2, 65536, 0, 1 },
		{ 0, 70000, 273, 112 },
		{ 1, 70000, 1, 17 },
		{ 2, 70000, 0, 1 },
		{ 3, 70000, 0, 0 },
		{ TILE_ENTRIES, 300, 1, 44 },
		{ 7, UINT64_MAX, 0, 255 },
		{ 0, UINT64_MAX, UINT64_MAX / 256, 255 },
	};
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		cr_expect_eq(tile_full_count(all[i].level, all[i].size), all[i].full, "%zu", i);
		cr_expect_eq(tile_partial_width(all[i].level, all[i].size), all[i].partial, "%zu", i);
	}
}

Test(tile, a_bundle_is_lengths_and_entries)
{
	cleanup_buf struct buf b = { 0 };
	uint8_t longest[65535];
	memset(longest, 'x', sizeof(longest));
	tile_put_bundle_entry(&b, TEXT("ab"));
	tile_put_bundle_entry(&b, TEXT(""));
	tile_put_bundle_entry(&b, (struct span){ longest, sizeof(longest) });
	cr_assert_eq(memcmp(b.data, "\0\2ab\0\0\xff\xffxxx", 11), 0);
	struct cursor c;
	struct span s;
	cursor_init(&c, b.data, b.len);
	cr_assert(tile_next_bundle_entry(&c, &s) && span_is(s, "ab"));
	cr_assert(tile_next_bundle_entry(&c, &s) && s.len == 0);
	cr_assert(tile_next_bundle_entry(&c, &s) && s.len == 65535);
	cr_assert_not(tile_next_bundle_entry(&c, &s));
	cr_assert_eq(cursor_finish(&c), 0);
}

Test(tile, a_torn_bundle_is_told_from_its_end)
{
	const struct span torn[] = { SPAN(0), SPAN(0, 1), SPAN(0, 2, 'a'), SPAN(0, 1, 'a', 0) };
	for (size_t i = 0; i < ARRAY_SIZE(torn); i++) {
		struct cursor c;
		struct span s;
		cursor_init(&c, torn[i].data, torn[i].len);
		while (tile_next_bundle_entry(&c, &s))
			;
		cr_expect_eq(cursor_finish(&c), -EBADMSG, "%zu", i);
	}
}

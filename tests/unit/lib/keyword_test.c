#include "lib/keyword.h"

#include <criterion/criterion.h>
#include <stdio.h>

static struct keyword_hits find(const struct keyword *words, size_t count, const char *text)
{
	struct keyword_set *set = NULL;
	struct keyword_hits hits = { 0 };
	cr_assert_eq(keyword_set_new(words, count, &set), 0);
	keyword_find(set, span_str(text), &hits);
	keyword_set_free(set);
	return hits;
}

Test(keyword, tells_whose_words_occur)
{
	static const struct keyword words[] = {
		{ "he", 0 }, { "she", 1 }, { "hers", 200 }, { "x", 3 }, { "y", 3 }
	};
	struct keyword_hits hits = find(words, ARRAY_SIZE(words), "ushers and y");
	cr_expect(keyword_hit(&hits, 0));
	cr_expect(keyword_hit(&hits, 1));
	cr_expect(keyword_hit(&hits, 200));
	cr_expect(keyword_hit(&hits, 3));
	cr_expect_not(keyword_hit(&hits, 2));
	hits = find(words, ARRAY_SIZE(words), "s h e");
	cr_expect_not(keyword_hits_any(&hits));
}

Test(keyword, ignores_case_on_both_sides_and_takes_any_byte)
{
	static const struct keyword words[] = { { "ToKen", 0 }, { "\xff\x01", 1 } };
	struct keyword_hits hits = find(words, ARRAY_SIZE(words), "a TOKEN \xff\x01");
	cr_expect(keyword_hit(&hits, 0));
	cr_expect(keyword_hit(&hits, 1));
}

/* Against the plain way, over all short texts of three letters. */
Test(keyword, agrees_with_a_plain_search)
{
	static const struct keyword words[] = {
		{ "aab", 0 }, { "ab", 1 }, { "bca", 2 }, { "aaaa", 3 }, { "caab", 4 }
	};
	struct keyword_set *set = NULL;
	cr_assert_eq(keyword_set_new(words, ARRAY_SIZE(words), &set), 0);
	for (unsigned n = 0; n < 6561; n++) {
		char text[9] = "";
		for (unsigned i = 0, v = n; i < 8; i++, v /= 3)
			text[i] = (char)('a' + v % 3);
		struct keyword_hits hits = { 0 };
		keyword_find(set, (struct span){ (const uint8_t *)text, 8 }, &hits);
		for (unsigned i = 0; i < ARRAY_SIZE(words); i++)
			cr_assert_eq(keyword_hit(&hits, i), strstr(text, words[i].word) != NULL, "%s %s",
			             text, words[i].word);
	}
	keyword_set_free(set);
}

Test(keyword, refuses_what_it_cannot_hold)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789!#$%&'()*+,-./:;<=>?@[]^_`{|}~";
	static struct keyword many[1000];
	static char text[1000][KEYWORD_MAX_BYTES + 1];
	struct keyword_set *set = NULL;
	cr_expect_eq(keyword_set_new(&(struct keyword){ "", 0 }, 1, &set), -EINVAL);
	cr_expect_eq(keyword_set_new(&(struct keyword){ letters, 0 }, 1, &set), -EINVAL);
	for (size_t i = 0; i < ARRAY_SIZE(many); i++) {
		snprintf(text[i], sizeof(text[i]), "%060zu", i);
		many[i] = (struct keyword){ text[i], 0 };
	}
	cr_expect_eq(keyword_set_new(many, ARRAY_SIZE(many), &set), -E2BIG);
	for (size_t i = 0; i < sizeof(letters) - 1; i++) {
		text[i][0] = letters[i];
		text[i][1] = 0;
	}
	cr_expect_eq(keyword_set_new(many, sizeof(letters) - 1, &set), -E2BIG);
	cr_expect_null(set);
	cr_assert_eq(keyword_set_new(NULL, 0, &set), 0);
	keyword_set_free(set);
	keyword_set_free(NULL);
}

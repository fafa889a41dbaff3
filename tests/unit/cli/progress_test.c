#include "cli/progress.h"

#include <criterion/criterion.h>

Test(progress, it_says_how_much_is_left_once_something_is_done)
{
	char words[80];
	struct progress p = { .total = 400u << 20, .begun_us = 1000000 };
	progress_words(&p, 100u << 20, 11000000, words, sizeof(words));
	cr_assert_str_eq(words, "25% of 400 MiB, 30 s left");
	progress_words(&p, 0, 11000000, words, sizeof(words));
	cr_assert_str_eq(words, "0 MiB");
}

Test(progress, without_a_total_it_says_what_is_done)
{
	char words[80];
	struct progress p = { .begun_us = 1000000 };
	progress_words(&p, 7u << 20, 500000, words, sizeof(words));
	cr_assert_str_eq(words, "7 MiB");
	p.total = 5u << 20; /* the store has grown meanwhile */
	progress_words(&p, 7u << 20, 500000, words, sizeof(words));
	cr_assert_str_eq(words, "7 MiB");
}

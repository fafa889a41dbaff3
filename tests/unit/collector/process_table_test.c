#include "collector/process_table.h"

#include "lib/cbor.h"

#include <criterion/criterion.h>

static struct process_table *t;

static void setup(void)
{
	struct process_table_limits limits = { .processes = 64 };
	cr_assert_eq(process_table_new(&limits, &t), 0);
}

static void teardown(void)
{
	process_table_free(t);
}

static struct span text(const char *s)
{
	return span_str(s);
}

TestSuite(process_table, .init = setup, .fini = teardown);

Test(process_table, a_process_is_found_by_pid_and_start)
{
	struct process *p = process_table_add(t, 10, 5000000);
	cr_assert_eq(process_table_find(t, 10, 5000000), p);
	cr_assert_null(process_table_find(t, 11, 5000000));
}

Test(process_table, a_reused_pid_is_another_process)
{
	struct process *old = process_table_add(t, 10, 5000000);
	struct process *new = process_table_add(t, 10, 9000000);
	cr_assert_eq(process_table_find(t, 10, 5000000), old);
	cr_assert_eq(process_table_find(t, 10, 9000000), new);
}

Test(process_table, the_start_is_compared_in_clock_ticks)
{
	struct process *p = process_table_add(t, 10, 5000000);
	cr_assert_eq(process_table_find(t, 10, 5009999), p);
	cr_assert_null(process_table_find(t, 10, 5010000));
}

Test(process_table, by_pid_alone_the_newest_that_runs_is_found)
{
	process_table_add(t, 10, 1000000);
	struct process *running = process_table_add(t, 10, 2000000);
	struct process *gone = process_table_add(t, 10, 3000000);
	gone->exited_us = 4000000;
	cr_assert_eq(process_table_find_pid(t, 10), running);
	running->exited_us = 4000000;
	process_table_find(t, 10, 1000000)->exited_us = 1;
	cr_assert_eq(process_table_find_pid(t, 10), gone);
}

Test(process_table, the_least_recently_used_goes_when_the_table_is_full)
{
	process_table_add(t, 1000, 1);
	process_table_add(t, 1001, 1);
	for (uint32_t i = 0; i < 62; i++)
		process_table_add(t, i + 1, 1);
	cr_assert_eq(process_table_count(t), 64);
	cr_assert_not_null(process_table_find(t, 1000, 1));
	process_table_add(t, 2000, 1);
	cr_assert_eq(process_table_count(t), 64);
	cr_assert_eq(process_table_evicted(t), 1);
	cr_assert_not_null(process_table_find(t, 1000, 1));
	cr_assert_null(process_table_find(t, 1001, 1));
}

Test(process_table, bytes_are_bounded_too)
{
	struct process_table_limits limits = { .bytes = 1 };
	struct process_table *small;
	cr_assert_eq(process_table_new(&limits, &small), 0);
	char path[4096];
	memset(path, 'x', sizeof(path));
	for (uint32_t i = 1; i <= 1000; i++) {
		struct process *p = process_table_add(small, i, 1);
		process_table_set_image(
		        small, p,
		        process_image_new((struct span){ (uint8_t *)path, sizeof(path) }, text("\x80")));
	}
	cr_assert_lt(process_table_count(small), 300);
	cr_assert_gt(process_table_count(small), 200);
	process_table_free(small);
}

Test(process_table, exited_processes_are_dropped_by_age)
{
	process_table_add(t, 1, 1)->exited_us = 100;
	process_table_add(t, 2, 1)->exited_us = 300;
	process_table_add(t, 3, 1);
	process_table_expire(t, 200);
	cr_assert_null(process_table_find(t, 1, 1));
	cr_assert_not_null(process_table_find(t, 2, 1));
	cr_assert_not_null(process_table_find(t, 3, 1));
}

Test(process_table, a_new_sealer_knows_nobody)
{
	process_table_add(t, 1, 1)->number = 7;
	cr_assert_eq(process_table_find(t, 1, 1)->number, 7);
	process_table_undescribe(t);
	cr_assert_eq(process_table_find(t, 1, 1)->number, INTAKE_NO_PROCESS);
	process_table_find(t, 1, 1)->number = 8;
	cr_assert_eq(process_table_find(t, 1, 1)->number, 8);
}

Test(process_table, children_share_an_image_and_the_last_one_frees_it)
{
	struct process_image *image = process_image_new(text("/bin/sh"), text("\x81\x42sh"));
	struct process *parent = process_table_add(t, 1, 1), *child = process_table_add(t, 2, 1);
	process_table_set_image(t, parent, image);
	image->users++;
	process_table_set_image(t, child, image);
	process_table_set_image(t, parent, NULL);
	cr_assert_eq(child->image->users, 1);
	cr_assert_arr_eq(child->image->bytes, "/bin/sh", 7);
}

Test(process_table, long_arguments_are_cut_between_two_and_marked)
{
	cleanup_buf struct buf argv = { 0 };
	char word[100] = { 0 };
	cbor_put_array(&argv, 40);
	for (int i = 0; i < 40; i++)
		cbor_put_bytes(&argv, word, sizeof(word));
	struct process_image *image = process_image_new(text("/x"), (struct span){ argv.data, argv.len });
	cr_assert(image->marks & ENTRY_MARK_ARGV_TRUNCATED);
	struct cursor c;
	cursor_init(&c, image->bytes + image->exe_len, image->argv_len);
	cr_assert_eq(cbor_array(&c), PROCESS_IMAGE_ARGV_MAX / 102);
	while (cursor_left(&c))
		cbor_skip(&c);
	cr_assert_eq(cursor_finish(&c), 0);
	process_image_put(image);
}

Test(process_table, one_argument_that_is_too_long_leaves_none)
{
	cleanup_buf struct buf argv = { 0 };
	uint8_t word[2000] = { 0 };
	cbor_put_array(&argv, 1);
	cbor_put_bytes(&argv, word, sizeof(word));
	struct process_image *image = process_image_new(text("/x"), (struct span){ argv.data, argv.len });
	cr_assert_eq(image->argv_len, 1);
	cr_assert_eq(image->bytes[image->exe_len], 0x80);
	process_image_put(image);
}

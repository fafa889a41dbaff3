#include "shipper/gather.h"

#include <fcntl.h>
#include <stdio.h>

#include <criterion/criterion.h>

#include "tests/support/fault_env.h"
#include "tests/support/host_log.h"

static struct env *env;
static struct gather g;
static struct buf out;
static struct gathered got;
static uint64_t first_of[200];
static size_t length_of[200];

static void setup(void)
{
	env = fault_env_new();
	int fd = env->open(env, AT_FDCWD, "/", O_RDONLY | O_DIRECTORY, 0);
	cr_assert_geq(fd, 0);
	gather_init(&g, env, fd);
}

static void teardown(void)
{
	env->close(env, g.spool_fd);
	cr_expect_eq(fault_env_open_count(env), 0);
	gather_done(&g);
	buf_done(&out);
	fault_env_free(env);
}

TestSuite(gather, .init = setup, .fini = teardown);

static const char *name_of(uint32_t epoch, uint64_t first)
{
	static char name[64];
	snprintf(name, sizeof(name), "/%010u-%020llu.batch", epoch, (unsigned long long)first);
	return name;
}

/* Batches of one epoch; which entries they begin with stands in first_of. */
static void spool(uint32_t epoch, size_t batches, size_t path_bytes)
{
	struct host_log h;
	host_log_init(&h, "acme", "web", epoch);
	for (size_t i = 0; i < batches; i++) {
		cleanup_buf struct buf b = { 0 };
		struct host_log_batch what = { .events = 3, .path_bytes = path_bytes };
		first_of[i] = h.tree.size;
		host_log_batch(&h, &what, &b);
		length_of[i] = b.len;
		fault_env_put(env, name_of(epoch, first_of[i]), b.data, b.len);
	}
	first_of[batches] = h.tree.size;
}

static int take(uint32_t epoch, uint64_t first, size_t max)
{
	buf_reset(&out);
	return gather_take(&g, epoch, first, max, &out, &got);
}

Test(gather, an_empty_spool_has_nothing)
{
	cr_assert_eq(take(1, 0, 64), 0);
	cr_expect_eq(got.count, 0);
}

Test(gather, consecutive_batches_come_in_order)
{
	spool(1, 12, 0);
	cr_assert_eq(take(1, 0, 64), 0);
	cr_expect_eq(got.count, 12);
	cr_expect_eq(got.end, first_of[12]);
	struct span left = { out.data, out.len };
	for (size_t i = 0; i < 12; i++) {
		struct batch b;
		ssize_t n = batch_parse(left, &b);
		cr_assert_gt(n, 0);
		cr_expect_eq(b.first, first_of[i]);
		left = (struct span){ left.data + n, left.len - (size_t)n };
	}
	cr_expect_eq(left.len, 0);
}

Test(gather, it_begins_where_it_is_told)
{
	spool(1, 5, 0);
	cr_assert_eq(take(1, first_of[3], 64), 0);
	cr_expect_eq(got.first, first_of[3]);
	cr_expect_eq(got.count, 2);
	cr_assert_eq(take(1, first_of[3] + 1, 64), 0);
	cr_expect_eq(got.first, first_of[4]);
	cr_assert_eq(take(1, first_of[5], 64), 0);
	cr_expect_eq(got.count, 0);
}

Test(gather, a_request_has_at_most_64_batches)
{
	spool(1, 70, 0);
	cr_assert_eq(take(1, 0, 1000), 0);
	cr_expect_eq(got.count, 64);
	cr_assert_eq(take(1, 0, 1), 0);
	cr_expect_eq(got.count, 1);
}

Test(gather, a_request_has_at_most_8_mib)
{
	spool(1, 60, 60000);
	cr_assert_eq(take(1, 0, 64), 0);
	cr_expect(got.count > 1 && got.count < 60, "%zu", got.count);
	cr_expect_leq(out.len, GATHER_MAX_BYTES);
	cr_expect_gt(out.len + length_of[got.count], GATHER_MAX_BYTES);
}

Test(gather, an_epoch_is_never_mixed_with_the_next)
{
	spool(2, 4, 0);
	spool(1, 3, 0);
	cr_assert_eq(take(1, 0, 64), 0);
	cr_expect_eq(got.epoch, 1);
	cr_expect_eq(got.count, 3);
	cr_assert_eq(take(1, first_of[3], 64), 0);
	cr_expect_eq(got.epoch, 2);
	cr_expect_eq(got.first, 0);
	cr_expect_eq(got.count, 4);
}

Test(gather, a_gap_ends_the_run)
{
	spool(1, 5, 0);
	fault_env_remove(env, name_of(1, first_of[2]));
	cr_assert_eq(take(1, 0, 64), 0);
	cr_expect_eq(got.count, 2);
}

Test(gather, batches_that_come_later_are_found)
{
	spool(1, 2, 0);
	cr_assert_eq(take(1, 0, 64), 0);
	cr_expect_eq(got.count, 2);
	spool(1, 4, 0);
	cr_assert_eq(take(1, first_of[2], 64), 0);
	cr_expect_eq(got.count, 2);
}

Test(gather, other_names_are_passed_over)
{
	static const char *const NAMES[] = { "/base",
		                             "/receipt",
		                             "/0000000001-00000000000000000000.tmp",
		                             "/000000001-00000000000000000000.batch",
		                             "/0000000001-0000000000000000000x.batch",
		                             "/0000000001_00000000000000000000.batch",
		                             "/9999999999-00000000000000000000.batch",
		                             "/0000000001-99999999999999999999.batch" };
	for (size_t i = 0; i < ARRAY_SIZE(NAMES); i++)
		fault_env_put(env, NAMES[i], "x", 1);
	cr_assert_eq(take(0, 0, 64), 0);
	cr_expect_eq(got.count, 0);
}

Test(gather, a_damaged_first_batch_is_an_error_and_a_later_one_ends_the_run)
{
	spool(1, 3, 0);
	size_t n;
	uint8_t *b = fault_env_content(env, name_of(1, first_of[1]), &n);
	b[0] ^= 1;
	cr_assert_eq(take(1, 0, 64), 0);
	cr_expect_eq(got.count, 1);
	cr_expect_eq(out.len, length_of[0]);
	cr_expect_eq(take(1, first_of[1], 64), -EBADMSG);
	cr_expect_eq(out.len, 0);
}

Test(gather, a_batch_under_another_name_is_an_error)
{
	spool(1, 2, 0);
	size_t n;
	uint8_t *b = fault_env_content(env, name_of(1, first_of[1]), &n);
	fault_env_put(env, name_of(1, 1000), b, n);
	cr_expect_eq(take(1, 1000, 64), -EBADMSG);
	fault_env_put(env, name_of(3, 0), b, n);
	cr_expect_eq(take(3, 0, 64), -EBADMSG);
}

Test(gather, an_oversized_file_is_an_error)
{
	cleanup_free uint8_t *big = calloc(1, BATCH_MAX_BYTES + 1);
	fault_env_put(env, name_of(1, 0), big, BATCH_MAX_BYTES + 1);
	cr_expect_eq(take(1, 0, 64), -EBADMSG);
}

Test(gather, errors_of_the_disk_are_passed_on_and_forgotten)
{
	spool(1, 2, 0);
	fault_env_fail(env, FAULT_LIST, 1, -EIO);
	cr_expect_eq(take(1, 1, 64), -EIO);
	fault_env_fail(env, FAULT_PREAD, 1, -EIO);
	cr_expect_eq(take(1, 0, 64), -EIO);
	cr_expect_eq(take(1, 0, 64), 0);
	cr_expect_eq(got.count, 2);
}

Test(gather, the_folder_is_read_only_where_a_name_is_missing)
{
	spool(1, 3, 0);
	uint64_t before = fault_env_calls(env, FAULT_LIST);
	cr_assert_eq(take(1, 0, 1), 0);
	cr_assert_eq(take(1, first_of[1], 64), 0);
	cr_expect_eq(fault_env_calls(env, FAULT_LIST), before);
	fault_env_remove(env, name_of(1, first_of[1]));
	cr_assert_eq(take(1, first_of[1], 64), 0);
	cr_expect_eq(got.first, first_of[2]);
	cr_expect_eq(fault_env_calls(env, FAULT_LIST), before + 1);
}

Test(gather, the_newest_note_of_both_keys_is_found)
{
	struct host_log h;
	uint32_t epoch;
	uint64_t end, wanted = 0;
	host_log_init(&h, "acme", "web", 1);
	for (size_t i = 0; i < 20; i++) {
		cleanup_buf struct buf b = { 0 };
		uint64_t first = h.tree.size;
		host_log_batch(&h, &(struct host_log_batch){ .events = 3, .identity = i == 5 || i == 12 },
		               &b);
		fault_env_put(env, name_of(1, first), b.data, b.len);
		wanted = i == 12 ? h.tree.size : wanted;
	}
	cr_assert_eq(gather_newest_signed(&g, 1, 4, &out, &epoch, &end), 1);
	cr_expect(epoch == 1 && end == wanted);
	struct note n;
	cr_assert_eq(note_parse((struct span){ out.data, out.len }, &n), 0);
	cr_expect(note_signed_by(&n, 1, &h.identity.key));
	fault_env_put(env, name_of(1, 4), "x", 1);
	cr_expect_eq(gather_newest_signed(&g, 1, wanted, &out, &epoch, &end), 0, "none so new");
	cr_expect_eq(gather_newest_signed(&g, 1, h.tree.size, &out, &epoch, &end), 0, "nothing at all");
}

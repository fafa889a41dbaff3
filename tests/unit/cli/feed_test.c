#include "cli/feed.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/decode.h"
#include "tests/support/make_store.h"

static const struct host_log_batch some = { .events = 3 };

static int drain(struct feed *f, int *batches, int *fleet)
{
	struct feed_item item;
	int r;
	*batches = *fleet = 0;
	while ((r = feed_next(f, &item)) > 0) {
		*batches += item.type == FEED_BATCH;
		*fleet += item.type == FEED_FLEET;
	}
	return r;
}

static void write_journal(const struct make_store *m, size_t bytes)
{
	char path[64];
	snprintf(path, sizeof(path), "journal/%020llu.journal", (unsigned long long)m->file.number);
	int fd = openat(m->dirfd, path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	cr_assert_geq(fd, 0);
	cr_assert_eq(pwrite(fd, m->journal.data, bytes, 0), (ssize_t)bytes);
	close(fd);
}

static void finish(struct make_store *m)
{
	make_store_remove(m);
	make_store_done(m);
}

Test(feed, a_growing_store_gives_each_record_once_over_a_rotation)
{
	struct make_store m;
	struct host_log h;
	int batches, fleet;
	make_store_init(&m, NULL);
	make_store_host(&m, &h, "web", 1);
	make_store_enrol(&m, &h);
	make_store_batch(&m, &h, &some);
	make_store_commit(&m);
	make_store_rotate(&m, true);
	make_store_batch(&m, &h, &some);
	make_store_commit(&m);
	size_t before = m.journal.len;
	write_journal(&m, before);
	cleanup_feed struct feed *f = NULL;
	cr_assert_eq(feed_open(m.path, &f), 0);
	cr_assert_eq(feed_kind(f), FEED_STORE);
	cr_assert_eq(drain(f, &batches, &fleet), 0);
	cr_assert_eq(batches, 2);
	cr_assert_eq(fleet, 4);

	/* Half a record is no record yet. */
	make_store_batch(&m, &h, &some);
	make_store_commit(&m);
	write_journal(&m, before + 40);
	cr_assert_eq(drain(f, &batches, &fleet), 0);
	cr_assert_eq(batches, 0);
	write_journal(&m, m.journal.len);
	cr_assert_eq(drain(f, &batches, &fleet), 0);
	cr_assert_eq(batches, 1);
	cr_assert_eq(fleet, 1);

	make_store_batch(&m, &h, &some);
	make_store_commit(&m);
	make_store_rotate(&m, false);
	make_store_batch(&m, &h, &some);
	make_store_commit(&m);
	write_journal(&m, m.journal.len);
	cr_assert_eq(drain(f, &batches, &fleet), 0);
	cr_assert_eq(batches, 2);
	finish(&m);
}

Test(feed, following_begins_at_the_newest_file_and_wakes_up_when_it_grows)
{
	struct make_store m;
	struct host_log h;
	int batches, fleet;
	make_store_init(&m, NULL);
	make_store_host(&m, &h, "web", 1);
	make_store_enrol(&m, &h);
	make_store_batch(&m, &h, &some);
	make_store_commit(&m);
	make_store_rotate(&m, true);
	make_store_batch(&m, &h, &some);
	make_store_commit(&m);
	write_journal(&m, m.journal.len);
	cleanup_feed struct feed *f = NULL;
	cr_assert_eq(feed_open(m.path, &f), 0);
	cr_assert_eq(feed_begin_at_newest(f), 0);
	cr_assert_eq(drain(f, &batches, &fleet), 0);
	cr_assert_eq(batches, 1);
	make_store_batch(&m, &h, &some);
	write_journal(&m, m.journal.len);
	feed_wait(f, 200);
	cr_assert_eq(drain(f, &batches, &fleet), 0);
	cr_assert_eq(batches, 1);
	finish(&m);
}

Test(feed, a_spool_gives_its_batches_in_order_and_new_ones_later)
{
	char path[] = "/tmp/swornlog-feed-XXXXXX";
	static const char *const names[] = { "0000000001-00000000000000000000.batch",
		                             "0000000001-00000000000000000005.batch",
		                             "0000000002-00000000000000000000.batch" };
	int batches, fleet;
	cr_assert(mkdtemp(path));
	int dirfd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup_feed struct feed *f = NULL;
	cr_assert_eq(feed_open(path, &f), -EINVAL);
	for (int i = 0; i < 3; i++) {
		int fd = openat(dirfd, names[i], O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
		cr_assert_eq(write(fd, "x", 1), 1);
		close(fd);
		if (i == 0)
			cr_assert_eq(feed_open(path, &f), 0);
		cr_assert_eq(drain(f, &batches, &fleet), 0);
		cr_assert_eq(batches, 1);
	}
	cr_assert_eq(feed_kind(f), FEED_SPOOL);
	for (int i = 0; i < 3; i++)
		unlinkat(dirfd, names[i], 0);
	cr_assert_eq(rmdir(path), 0);
	close(dirfd);
}

static int count(void *ctx, const struct event *e)
{
	int *n = ctx;
	cr_assert_str_eq(e->origin->host, "web");
	return ++*n == 3 ? 1 : 0;
}

Test(decode, entries_come_in_order_until_the_caller_has_enough)
{
	struct host_log h;
	struct batch b;
	struct seal seal;
	int n = 0;
	cleanup_buf struct buf bytes = { 0 };
	cleanup_decoder struct decoder *d = NULL;
	cr_assert_eq(decoder_new(&d), 0);
	host_log_init(&h, "acme", "web", 1);
	host_log_batch(&h, &some, &bytes);
	cr_assert_gt(batch_parse((struct span){ bytes.data, bytes.len }, &b), 0);
	cr_assert_eq(decode_batch(d, &b, count, &n, &seal), 1);
	cr_assert_eq(n, 3);
	n = 10;
	cr_assert_eq(decode_batch(d, &b, count, &n, &seal), 0);
	cr_assert_eq(n, 15);
	cr_assert_eq(seal.count, 5);
}

Test(decode, a_batch_that_does_not_unpack_is_refused)
{
	struct host_log h;
	struct batch b;
	int n = 10;
	cleanup_buf struct buf bytes = { 0 };
	cleanup_decoder struct decoder *d = NULL;
	cr_assert_eq(decoder_new(&d), 0);
	host_log_init(&h, "acme", "web", 1);
	host_log_batch(
	        &h, &(struct host_log_batch){ .events = 3, .codec = PACK_ZSTD, .fault = HOST_LOG_SHORT_RAW },
	        &bytes);
	cr_assert_gt(batch_parse((struct span){ bytes.data, bytes.len }, &b), 0);
	cr_assert_eq(decode_batch(d, &b, count, &n, NULL), -EBADMSG);
	cr_assert_eq(n, 10);
}

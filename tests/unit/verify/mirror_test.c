#include "verify/mirror.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/make_store.h"
#include "verify/store.h"

#define JOURNAL "journal/00000000000000000001.journal"
#define SEGMENT "segment/00000000000000000001.segment"

struct fixture {
	struct make_store store;
	struct host_log host;
	char path[64];
	int keep;
};

static void commit(struct fixture *f)
{
	make_store_batch(&f->store, &f->host, &(struct host_log_batch){ .events = 3 });
	make_store_commit(&f->store);
	make_store_publish(&f->store);
}

static void setup(struct fixture *f)
{
	make_store_init(&f->store, NULL);
	make_store_host(&f->store, &f->host, "web", 1);
	make_store_enrol(&f->store, &f->host);
	commit(f);
	snprintf(f->path, sizeof(f->path), "/tmp/swornlog-mirror-XXXXXX");
	cr_assert_not_null(mkdtemp(f->path));
	f->keep = open(f->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cr_assert_geq(f->keep, 0);
	cr_assert_eq(mirror_prepare(f->keep), 0);
}

static void teardown(struct fixture *f)
{
	char command[128];
	snprintf(command, sizeof(command), "rm -rf '%s'", f->path);
	cr_expect_eq(system(command), 0);
	close(f->keep);
	make_store_remove(&f->store);
	make_store_done(&f->store);
}

#define cleanup_fixture cleanup(teardown)

static struct mirror_pull pull(struct fixture *f)
{
	struct mirror_pull p = { 0 };
	cr_assert_eq(mirror_pull(f->store.dirfd, f->keep, &p), 0);
	return p;
}

static bool copy_is_sound(struct fixture *f, uint64_t size)
{
	cleanup_report struct report r = { 0 };
	struct verify_options o = { .dirfd = f->keep,
		                    .anchor = buf_span(&f->store.fleet.genesis_note),
		                    .jobs = 1 };
	cr_assert_eq(verify_store(&o, &r), 0);
	return report_clean(&r) && r.fleet_size == size;
}

static void flip(int dirfd, const char *path, off_t offset)
{
	uint8_t b;
	int fd = openat(dirfd, path, O_RDWR | O_CLOEXEC);
	cr_assert_geq(fd, 0);
	off_t at = offset >= 0 ? offset : lseek(fd, 0, SEEK_END) + offset;
	cr_assert_eq(pread(fd, &b, 1, at), 1);
	b ^= 1;
	cr_assert_eq(pwrite(fd, &b, 1, at), 1);
	close(fd);
}

Test(mirror, a_copy_grows_with_the_store_and_verifies)
{
	cleanup_fixture struct fixture f;
	setup(&f);
	cr_expect_gt(pull(&f).bytes, 0u);
	cr_expect(copy_is_sound(&f, f.store.tree.size));
	cr_expect_eq(pull(&f).bytes, 0u, "nothing new");
	for (int i = 0; i < 300; i++)
		make_store_sink(&f.store, SINK_HOST_SILENT, "other");
	commit(&f);
	struct mirror_pull p = pull(&f);
	cr_expect_null(p.why, "%s", p.why);
	cr_expect_eq(p.size, f.store.tree.size);
	cr_expect(copy_is_sound(&f, f.store.tree.size));
}

Test(mirror, a_journal_that_became_a_segment_is_taken_over_as_both)
{
	cleanup_fixture struct fixture f;
	setup(&f);
	(void)pull(&f);
	commit(&f);
	make_store_rotate(&f.store, true);
	unlinkat(f.store.dirfd, JOURNAL, 0);
	commit(&f);
	struct mirror_pull p = pull(&f);
	cr_expect_null(p.why, "%s", p.why);
	cr_expect_eq(faccessat(f.keep, SEGMENT, F_OK, 0), 0);
	cr_expect_eq(faccessat(f.keep, JOURNAL, F_OK, 0), 0, "the copy only grows");
	cr_expect(copy_is_sound(&f, f.store.tree.size));
}

Test(mirror, an_unfinished_group_is_left_for_the_next_time)
{
	cleanup_fixture struct fixture f;
	setup(&f);
	uint64_t size = f.store.tree.size;
	int fd = openat(f.store.dirfd, JOURNAL, O_WRONLY | O_APPEND | O_CLOEXEC);
	cr_assert_eq(write(fd, "\1\0\0", 3), 3);
	close(fd);
	cr_expect_null(pull(&f).why);
	cr_expect(copy_is_sound(&f, size));
}

Test(mirror, what_contradicts_the_copy_is_told_and_changes_nothing)
{
	static const struct {
		const char *path;
		off_t offset;
	} rows[] = { { JOURNAL, 100 }, { "genesis", 40 }, { "fleet/checkpoint", 16 } };
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_fixture struct fixture f;
		setup(&f);
		uint64_t size = f.store.tree.size;
		(void)pull(&f);
		flip(f.store.dirfd, rows[i].path, rows[i].offset);
		struct mirror_pull p = pull(&f);
		cr_assert_not_null(p.why, "%s", rows[i].path);
		cr_expect_str_eq(p.path, rows[i].path);
		cr_expect(copy_is_sound(&f, size), "%s", rows[i].path);
	}
}

Test(mirror, a_store_that_went_back_or_lost_a_file_is_told)
{
	cleanup_fixture struct fixture f;
	setup(&f);
	commit(&f);
	(void)pull(&f);
	int fd = openat(f.store.dirfd, JOURNAL, O_WRONLY | O_CLOEXEC);
	cr_assert_eq(ftruncate(fd, 400), 0);
	close(fd);
	struct mirror_pull p = pull(&f);
	cr_assert_not_null(p.why);
	cr_expect_str_eq(p.path, JOURNAL);
	cr_assert_eq(unlinkat(f.store.dirfd, JOURNAL, 0), 0);
	p = pull(&f);
	cr_assert_not_null(p.why);
	cr_expect_str_eq(p.path, JOURNAL);
}

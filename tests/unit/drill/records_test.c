#include "drill/records.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>

#include "lib/env.h"
#include "lib/file.h"
#include "tests/support/make_store.h"

#define FILE_MAX (1u << 20)

/* A store with a segment and a journal, and a copy of it. */
struct fixture {
	struct make_store store;
	struct host_log host;
	struct workspace copy;
	char folder[64];
};

static void make(struct fixture *f)
{
	static const struct host_log_batch some = { .events = 3, .codec = PACK_ZSTD };
	char to[96];
	make_store_init(&f->store, NULL);
	make_store_host(&f->store, &f->host, "web", 1);
	make_store_enrol(&f->store, &f->host);
	for (int i = 0; i < 4; i++) {
		if (i == 2)
			make_store_rotate(&f->store, true);
		make_store_batch(&f->store, &f->host, &some);
		make_store_commit(&f->store);
	}
	make_store_publish(&f->store);
	snprintf(f->folder, sizeof(f->folder), "/tmp/swornlog-records-XXXXXX");
	cr_assert(mkdtemp(f->folder));
	snprintf(to, sizeof(to), "%s/copy", f->folder);
	cr_assert_eq(workspace_open(&f->copy, f->store.path, to), 0);
}

static int remove_one(const char *path, const struct stat *st maybe_unused, int type maybe_unused,
                      struct FTW *w maybe_unused)
{
	return remove(path);
}

static void finish(struct fixture *f)
{
	workspace_done(&f->copy);
	cr_assert(nftw(f->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS) == 0);
	make_store_remove(&f->store);
	make_store_done(&f->store);
}

static bool same(struct fixture *f, const char *path)
{
	cleanup_buf struct buf one = { 0 }, other = { 0 };
	cr_assert_eq(file_read(env_system(), f->store.dirfd, path, FILE_MAX, &one), 0);
	cr_assert_eq(file_read(env_system(), f->copy.dirfd, path, FILE_MAX, &other), 0);
	return one.len == other.len && memcmp(one.data, other.data, one.len) == 0;
}

Test(records, are_written_as_they_were_read)
{
	struct fixture f;
	make(&f);
	for (int segment = 0; segment < 2; segment++) {
		cleanup_records struct records r = { 0 };
		cr_assert_eq(records_read(&f.copy, segment, segment ? 1 : 2, &r), 0);
		cr_assert_geq(r.count, 4);
		cr_assert_eq(records_write(&r, &f.copy), 0);
		cr_expect(same(&f, r.path), "%s", r.path);
	}
	finish(&f);
}

Test(records, are_read_again_after_a_change)
{
	struct fixture f;
	make(&f);
	struct records before = { 0 }, after = { 0 };
	cr_assert_eq(records_read(&f.copy, false, 2, &before), 0);
	size_t count = before.count;
	records_swap(&before, count - 2, count - 1);
	records_remove(&before, 1);
	cr_assert_eq(records_write(&before, &f.copy), 0);
	cr_assert_eq(records_read(&f.copy, false, 2, &after), 0, "all framing fits");
	cr_expect_eq(after.count, count - 1);
	cr_expect_eq(after.list[after.count - 1].type, before.list[before.count - 1].type);
	cr_expect_not(same(&f, after.path));
	records_done(&before);
	records_done(&after);
	finish(&f);
}

Test(records, of_a_torn_file_or_of_none_are_none)
{
	struct fixture f;
	struct records r;
	cleanup_buf struct buf whole = { 0 };
	make(&f);
	cr_expect_eq(records_read(&f.copy, false, 7, &r), -ENOENT);
	char path[STORE_PATH_MAX];
	store_path(false, 2, path);
	cr_assert_eq(file_read(env_system(), f.copy.dirfd, path, FILE_MAX, &whole), 0);
	cr_assert_eq(workspace_put(&f.copy, path, (struct span){ whole.data, whole.len - 1 }), 0);
	cr_expect_eq(records_read(&f.copy, false, 2, &r), -EBADMSG);
	cr_expect_null(r.list);
	finish(&f);
}

#include "verify/store.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/make_store.h"

/* Three hosts, some commits, three files: two segments and a journal. */
struct fixture {
	struct make_store store;
	struct host_log host[3];
};

static const struct host_log_batch some = { .events = 20, .codec = PACK_ZSTD };

static void add_groups(struct fixture *f, int groups)
{
	for (int i = 0; i < groups; i++) {
		for (int k = 0; k < 3; k++) {
			f->host[k].fleet = make_store_head(&f->store);
			make_store_batch(&f->store, &f->host[k], &some);
			if (k != 1)
				make_store_batch(&f->store, &f->host[k], &some);
		}
		make_store_commit(&f->store);
	}
}

static void make(struct fixture *f)
{
	static const char *const label[] = { "db", "mail", "web" };
	make_store_init(&f->store, NULL);
	for (int i = 0; i < 3; i++) {
		make_store_host(&f->store, &f->host[i], label[i], 1);
		make_store_enrol(&f->store, &f->host[i]);
	}
	add_groups(f, 3);
	make_store_rotate(&f->store, true);
	add_groups(f, 2);
	make_store_rotate(&f->store, true);
	add_groups(f, 2);
}

static void finish(struct fixture *f)
{
	make_store_remove(&f->store);
	make_store_done(&f->store);
}

static void check(struct fixture *f, struct report *ret)
{
	struct verify_options o = {
		.dirfd = f->store.dirfd,
		.anchor = { f->store.fleet.genesis_note.data, f->store.fleet.genesis_note.len },
	};
	cr_assert_eq(verify_store(&o, ret), 0);
}

static void show(const struct report *r)
{
	cleanup_buf struct buf b = { 0 };
	report_put_text(&b, r, false);
	fwrite(b.data, 1, b.len, stderr);
}

#define EXPECT_CLEAN(f)                                                                                      \
	do {                                                                                                 \
		cleanup_report struct report r_ = { 0 };                                                     \
		check(f, &r_);                                                                               \
		if (!report_clean(&r_))                                                                      \
			show(&r_);                                                                           \
		cr_assert(report_clean(&r_));                                                                \
	} while (0)

#define EXPECT(f, verdict)                                                                                   \
	do {                                                                                                 \
		cleanup_report struct report r_ = { 0 };                                                     \
		check(f, &r_);                                                                               \
		if (!r_.findings.count[verdict])                                                             \
			show(&r_);                                                                           \
		cr_assert_gt(r_.findings.count[verdict], 0);                                                 \
	} while (0)

Test(store, an_honest_store_is_clean_and_its_rows_count_everything)
{
	struct fixture f;
	make(&f);
	make_store_publish(&f.store);
	cleanup_report struct report r = { 0 };
	check(&f, &r);
	if (!report_clean(&r) || findings_total(&r.findings))
		show(&r);
	cr_assert_eq(findings_total(&r.findings), 0);
	cr_assert_eq(r.row_count, 3);
	cr_assert_eq(r.row[0].batches, 14);
	cr_assert_eq(r.row[1].batches, 7);
	cr_assert_eq(r.row[0].entries, f.host[0].tree.size);
	cr_assert_eq(r.row[0].epochs, 1);
	cr_assert_geq(r.row[0].signatures, 15);
	cr_assert_eq(r.fleet_size, 11);
	cr_assert_eq(r.commits, 7);
	cr_assert_eq(r.enrolments, 3);
	cr_assert_eq(r.files, 3);
	finish(&f);
}

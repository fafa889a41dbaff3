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

/* The report does not depend on how many threads there are. */
static void check(struct fixture *f, struct report *ret)
{
	struct verify_options o = {
		.dirfd = f->store.dirfd,
		.anchor = { f->store.fleet.genesis_note.data, f->store.fleet.genesis_note.len },
		.jobs = 1,
	};
	cleanup_report struct report again = { 0 };
	cleanup_buf struct buf one = { 0 }, three = { 0 };
	cr_assert_eq(verify_store(&o, ret), 0);
	o.jobs = 3;
	cr_assert_eq(verify_store(&o, &again), 0);
	report_put_json(&one, ret);
	report_put_json(&three, &again);
	cr_assert_eq(one.len, three.len);
	cr_assert_arr_eq(one.data, three.data, one.len);
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

/* Change a file of the store: `by` is added to the byte at `offset` (from the end if negative). */
static void bump(struct fixture *f, const char *path, long offset)
{
	uint8_t b;
	int fd = openat(f->store.dirfd, path, O_RDWR | O_CLOEXEC);
	cr_assert_geq(fd, 0);
	off_t at = offset >= 0 ? offset : lseek(fd, 0, SEEK_END) + offset;
	cr_assert_eq(pread(fd, &b, 1, at), 1);
	b ^= 0x10;
	cr_assert_eq(pwrite(fd, &b, 1, at), 1);
	close(fd);
}

static void cut(struct fixture *f, const char *path, off_t bytes)
{
	struct stat st;
	int fd = openat(f->store.dirfd, path, O_RDWR | O_CLOEXEC);
	cr_assert_eq(fstat(fd, &st), 0);
	cr_assert_eq(ftruncate(fd, st.st_size - bytes), 0);
	close(fd);
}

static void put_file(struct fixture *f, const char *path, const void *content, size_t n)
{
	int fd = openat(f->store.dirfd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	cr_assert_geq(fd, 0);
	cr_assert_eq(write(fd, content, n), (ssize_t)n);
	close(fd);
}

#define SEGMENT(n) "segment/0000000000000000000" #n ".segment"
#define JOURNAL(n) "journal/0000000000000000000" #n ".journal"

struct damage {
	const char *path;
	long offset;
	enum verdict verdict;
};

Test(store, a_changed_byte_in_each_kind_of_file_is_found)
{
	static const struct damage damages[] = {
		{ "genesis", 100, VERDICT_ALTERED },
		{ SEGMENT(1), 3, VERDICT_ALTERED },
		{ SEGMENT(1), 15, VERDICT_ALTERED },
		{ SEGMENT(1), 16, VERDICT_ALTERED },
		{ SEGMENT(1), 19, VERDICT_ALTERED },
		{ SEGMENT(1), 22, VERDICT_ALTERED },
		{ SEGMENT(1), 400, VERDICT_ALTERED },
		{ SEGMENT(1), -3, VERDICT_ALTERED },
		{ SEGMENT(1), -9, VERDICT_ALTERED },
		{ SEGMENT(1), -20, VERDICT_ALTERED },
		{ SEGMENT(1), -40, VERDICT_ALTERED },
		{ JOURNAL(3), 40, VERDICT_ALTERED },
		{ JOURNAL(3), 3000, VERDICT_ALTERED },
		{ JOURNAL(3), -100, VERDICT_ALTERED },
		{ "fleet/checkpoint", 12, VERDICT_WRONGLY_SEALED },
		{ "fleet/checkpoint", -5, VERDICT_WRONGLY_SEALED },
		{ "fleet/tile/0/000.p/11", 40, VERDICT_ALTERED },
		{ "fleet/tile/entries/000.p/11", 40, VERDICT_ALTERED },
	};
	struct fixture f;
	make(&f);
	make_store_publish(&f.store);
	for (size_t i = 0; i < ARRAY_SIZE(damages); i++) {
		bump(&f, damages[i].path, damages[i].offset);
		EXPECT(&f, damages[i].verdict);
		bump(&f, damages[i].path, damages[i].offset);
	}
	EXPECT_CLEAN(&f);
	finish(&f);
}

Test(store, files_that_are_gone_or_do_not_belong_are_found)
{
	struct fixture f;
	make(&f);
	make_store_publish(&f.store);
	cr_assert_eq(renameat(f.store.dirfd, SEGMENT(2), f.store.dirfd, "away"), 0);
	EXPECT(&f, VERDICT_MISSING);
	EXPECT(&f, VERDICT_ALTERED);
	cr_assert_eq(renameat(f.store.dirfd, "away", f.store.dirfd, SEGMENT(2)), 0);
	cr_assert_eq(renameat(f.store.dirfd, JOURNAL(3), f.store.dirfd, "segment/x.tmp"), 0);
	EXPECT(&f, VERDICT_TRUNCATED);
	cr_assert_eq(renameat(f.store.dirfd, "segment/x.tmp", f.store.dirfd, JOURNAL(3)), 0);
	put_file(&f, "fleet/tile/0/001", "x", 1);
	EXPECT(&f, VERDICT_TRUNCATED);
	cr_assert_eq(unlinkat(f.store.dirfd, "fleet/tile/0/001", 0), 0);
	cr_assert_eq(unlinkat(f.store.dirfd, "fleet/tile/0/000.p/11", 0), 0);
	EXPECT(&f, VERDICT_MISSING);
	put_file(&f, "forks/web.1.20.0", "x", 1);
	EXPECT(&f, VERDICT_FORKED);
	put_file(&f, "lock", "x", 1);
	EXPECT(&f, VERDICT_ALTERED);
	finish(&f);
}

Test(store, a_fifo_or_a_link_in_place_of_a_file_is_found_and_hangs_nobody)
{
	struct fixture f;
	make(&f);
	make_store_publish(&f.store);
	cr_assert_eq(unlinkat(f.store.dirfd, SEGMENT(2), 0), 0);
	cr_assert_eq(mkfifoat(f.store.dirfd, SEGMENT(2), 0644), 0);
	EXPECT(&f, VERDICT_ALTERED);
	cr_assert_eq(unlinkat(f.store.dirfd, SEGMENT(2), 0), 0);
	cr_assert_eq(symlinkat("/dev/zero", f.store.dirfd, SEGMENT(2)), 0);
	EXPECT(&f, VERDICT_ALTERED);
	finish(&f);
}

Test(store, an_unfinished_group_at_the_end_is_torn_and_a_cut_that_was_published_is_truncated)
{
	struct fixture f;
	make(&f);
	make_store_publish(&f.store);
	cut(&f, JOURNAL(3), 20);
	EXPECT(&f, VERDICT_TORN);
	EXPECT(&f, VERDICT_TRUNCATED);
	finish(&f);
}

Test(store, a_cut_in_a_file_that_is_not_the_last_is_altered)
{
	struct fixture f;
	make(&f);
	make_store_publish(&f.store);
	cut(&f, SEGMENT(2), 30);
	EXPECT(&f, VERDICT_ALTERED);
	finish(&f);
}

Test(store, a_published_checkpoint_that_was_put_back_is_truncated)
{
	struct fixture f;
	make(&f);
	cleanup_buf struct buf old = { 0 };
	buf_put(&old, f.store.note.data, f.store.note.len);
	add_groups(&f, 1);
	make_store_publish(&f.store);
	put_file(&f, "fleet/checkpoint", old.data, old.len);
	EXPECT(&f, VERDICT_TRUNCATED);
	finish(&f);
}

Test(store, another_anchor_is_not_believed)
{
	struct fixture f;
	struct test_fleet other;
	cleanup_report struct report r = { 0 };
	make(&f);
	make_store_publish(&f.store);
	test_fleet_init(&other, "other");
	struct verify_options o = { .dirfd = f.store.dirfd,
		                    .anchor = { other.genesis_note.data, other.genesis_note.len } };
	cr_assert_eq(verify_store(&o, &r), 0);
	cr_assert_not(report_clean(&r));
	o.anchor.len--;
	cr_assert_eq(verify_store(&o, &r), -EKEYREJECTED);
	test_fleet_done(&other);
	finish(&f);
}

Test(store, a_batch_left_out_is_missing_with_its_indices)
{
	struct fixture f;
	cleanup_report struct report r = { 0 };
	cleanup_buf struct buf skipped = { 0 };
	make(&f);
	uint64_t first = f.host[2].tree.size;
	host_log_batch(&f.host[2], &some, &skipped);
	add_groups(&f, 1);
	make_store_publish(&f.store);
	check(&f, &r);
	cr_assert_gt(r.findings.count[VERDICT_MISSING], 0);
	const struct finding *one = NULL;
	for (size_t i = 0; i < r.findings.len && !one; i++)
		one = r.findings.list[i].verdict == VERDICT_MISSING ? &r.findings.list[i] : NULL;
	cr_assert_str_eq(one->origin, "acme/host/web/1");
	cr_assert_eq(one->first, first);
	cr_assert_eq(one->last, first + 20);
	cr_assert_str_eq(one->file, JOURNAL(3));
	cr_assert_eq(r.row[2].gaps, 1);
	finish(&f);
}

Test(store, wrongly_sealed_batches_are_found)
{
	static const struct {
		enum host_log_fault fault;
		enum verdict verdict;
	} faults[] = {
		{ HOST_LOG_WRONG_ROOT, VERDICT_ALTERED },
		{ HOST_LOG_FOREIGN_SEAL, VERDICT_WRONGLY_SEALED },
		{ HOST_LOG_BAD_SEAL, VERDICT_WRONGLY_SEALED },
		{ HOST_LOG_NO_SEAL, VERDICT_WRONGLY_SEALED },
		{ HOST_LOG_FOREIGN_IDENTITY, VERDICT_WRONGLY_SEALED },
		{ HOST_LOG_NO_SEAL_ENTRY, VERDICT_MALFORMED },
		{ HOST_LOG_SHORT_RAW, VERDICT_ALTERED },
		{ HOST_LOG_BOMB, VERDICT_ALTERED },
	};
	for (size_t i = 0; i < ARRAY_SIZE(faults); i++) {
		struct fixture f;
		struct host_log_batch what = some;
		what.fault = faults[i].fault;
		make(&f);
		make_store_batch(&f.store, &f.host[0], &what);
		make_store_commit(&f.store);
		make_store_publish(&f.store);
		EXPECT(&f, faults[i].verdict);
		finish(&f);
	}
}

Test(store, a_host_that_nobody_enrolled_is_found)
{
	struct fixture f;
	struct host_log stranger;
	make(&f);
	make_store_host(&f.store, &stranger, "stranger", 1);
	make_store_batch(&f.store, &stranger, &some);
	make_store_commit(&f.store);
	make_store_publish(&f.store);
	EXPECT(&f, VERDICT_UNENROLLED);
	finish(&f);
}

Test(store, a_host_enrolled_after_its_first_commit_is_found)
{
	struct fixture f;
	struct host_log late;
	make(&f);
	make_store_host(&f.store, &late, "late", 1);
	make_store_batch(&f.store, &late, &some);
	make_store_commit(&f.store);
	make_store_enrol(&f.store, &late);
	make_store_publish(&f.store);
	EXPECT(&f, VERDICT_UNENROLLED);
	finish(&f);
}

Test(store, a_host_enrolled_twice_is_found)
{
	struct fixture f;
	make(&f);
	make_store_enrol(&f.store, &f.host[1]);
	make_store_publish(&f.store);
	EXPECT(&f, VERDICT_MALFORMED);
	finish(&f);
}

Test(store, a_new_epoch_is_told_and_is_no_fault)
{
	struct fixture f;
	cleanup_report struct report r = { 0 };
	make(&f);
	make_store_host(&f.store, &f.host[0], "db", 2);
	add_groups(&f, 2);
	make_store_rotate(&f.store, true);
	add_groups(&f, 1);
	make_store_publish(&f.store);
	check(&f, &r);
	cr_assert(report_clean(&r));
	cr_assert_eq(r.findings.count[VERDICT_EPOCH], 1);
	cr_assert_eq(r.row[0].epochs, 2);
	finish(&f);
}

Test(store, an_old_epoch_after_a_new_one_is_altered)
{
	struct fixture f;
	struct host_log old;
	make(&f);
	old = f.host[0];
	make_store_host(&f.store, &f.host[0], "db", 2);
	add_groups(&f, 1);
	make_store_batch(&f.store, &old, &some);
	make_store_commit(&f.store);
	make_store_publish(&f.store);
	EXPECT(&f, VERDICT_ALTERED);
	finish(&f);
}

Test(store, a_fleet_head_in_a_seal_that_this_log_never_had_is_a_split_view)
{
	struct fixture f;
	make(&f);
	f.host[0].fleet = make_store_head(&f.store);
	f.host[0].fleet.root.b[0] ^= 1;
	make_store_batch(&f.store, &f.host[0], &some);
	make_store_commit(&f.store);
	make_store_publish(&f.store);
	EXPECT(&f, VERDICT_SPLIT_VIEW);
	finish(&f);
}

Test(store, a_fleet_head_in_a_seal_beyond_the_log_tells_of_a_truncation)
{
	struct fixture f;
	make(&f);
	f.host[0].fleet = make_store_head(&f.store);
	f.host[0].fleet.size += 100;
	make_store_batch(&f.store, &f.host[0], &some);
	make_store_commit(&f.store);
	make_store_publish(&f.store);
	EXPECT(&f, VERDICT_TRUNCATED);
	finish(&f);
}

Test(store, a_batch_that_no_commit_covers_is_unreceipted)
{
	struct fixture f;
	make(&f);
	make_store_batch(&f.store, &f.host[0], &some);
	f.store.head_count = 0;
	make_store_sink(&f.store, SINK_STOPPED, "");
	make_store_publish(&f.store);
	EXPECT(&f, VERDICT_UNRECEIPTED);
	finish(&f);
}

Test(store, the_sink_on_a_host_s_own_machine_is_told_by_its_boot_id)
{
	static const char *const boot[] = { "boot=07070707070707070707070707070707",
		                            "x boot=08080808-08080808080808080808080808" };
	for (int i = 0; i < 2; i++) {
		struct fixture f;
		cleanup_report struct report r = { 0 };
		cleanup_buf struct buf line = { 0 };
		make(&f);
		make_store_sink(&f.store, SINK_STARTED, boot[i]);
		make_store_publish(&f.store);
		check(&f, &r);
		report_put_verdict(&line, &r);
		buf_put_u8(&line, 0);
		cr_assert_eq(r.same_machine, i == 0);
		cr_assert_str_eq((const char *)line.data,
		                 i == 0 ? "verified; sink on the same machine; no witness"
		                        : "verified; no witness");
		finish(&f);
	}
}

Test(store, without_the_sink_s_word_this_machine_is_compared)
{
	struct fixture f;
	uint8_t machine[16];
	make(&f);
	make_store_publish(&f.store);
	for (int i = 0; i < 2; i++) {
		cleanup_report struct report r = { 0 };
		struct verify_options o = {
			.dirfd = f.store.dirfd,
			.anchor = { f.store.fleet.genesis_note.data, f.store.fleet.genesis_note.len },
			.machine_boot_id = machine,
		};
		memset(machine, 7 + i, sizeof(machine));
		cr_assert_eq(verify_store(&o, &r), 0);
		cr_assert_eq(r.same_machine, i == 0);
	}
	finish(&f);
}

Test(store, one_host_alone_can_be_looked_at)
{
	struct fixture f;
	cleanup_report struct report r = { 0 };
	make(&f);
	make_store_publish(&f.store);
	struct verify_options o = {
		.dirfd = f.store.dirfd,
		.anchor = { f.store.fleet.genesis_note.data, f.store.fleet.genesis_note.len },
		.only = "mail",
	};
	cr_assert_eq(verify_store(&o, &r), 0);
	cr_assert(report_clean(&r));
	cr_assert_eq(r.row[0].entries, 0);
	cr_assert_eq(r.row[1].entries, f.host[1].tree.size);
	cr_assert_not(r.row[0].selected);
	finish(&f);
}

Test(store, the_journal_beside_its_finished_segment_is_passed_over_if_it_is_whole)
{
	struct fixture f;
	make(&f);
	make_store_publish(&f.store);
	cleanup_buf struct buf journal = { 0 };
	buf_put(&journal, f.store.journal.data, f.store.journal.len);
	make_store_rotate(&f.store, true);
	EXPECT_CLEAN(&f);
	bump(&f, JOURNAL(3), 100);
	EXPECT(&f, VERDICT_ALTERED);
	finish(&f);
}

Test(store, the_journal_after_rotation_must_begin_where_the_log_is)
{
	struct fixture f;
	make(&f);
	f.store.host[1].size++;
	make_store_rotate(&f.store, false);
	f.store.host[1].size--;
	make_store_publish(&f.store);
	EXPECT(&f, VERDICT_ALTERED);
	finish(&f);
}

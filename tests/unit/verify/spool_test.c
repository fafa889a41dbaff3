#include "verify/spool.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "evidence/fleet.h"
#include "lib/text.h"
#include "tests/support/host_log.h"

struct fixture {
	char path[64];
	int dirfd;
	struct test_fleet fleet;
	struct host_log host;
	struct buf vkey;
	struct frontier base;
	struct frontier log; /* the fleet's */
	struct buf enrolment;
};

static const struct host_log_batch some = { .events = 5, .codec = PACK_ZSTD };

static void put(struct fixture *f, const char *name, const void *content, size_t n)
{
	int fd = openat(f->dirfd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	cr_assert_geq(fd, 0);
	cr_assert_eq(write(fd, content, n), (ssize_t)n);
	close(fd);
}

static void put_buf(struct fixture *f, const char *name, const struct buf *b)
{
	cr_assert_eq(b->err, 0);
	put(f, name, b->data, b->len);
}

static void put_base(struct fixture *f)
{
	cleanup_buf struct buf b = { 0 };
	buf_printf(&b, "swornlog-base/v1\norigin acme/host/web/%u\nsize %llu\n", f->host.origin.epoch,
	           (unsigned long long)f->base.size);
	for (unsigned i = 0; i < frontier_count(&f->base); i++) {
		text_put_base64(&b, f->base.node[i].b, 32);
		buf_put_u8(&b, '\n');
	}
	put_buf(f, "base", &b);
}

static void batch_name(const struct fixture *f, uint64_t first, char ret[SPOOL_FILE_NAME_MAX])
{
	spool_file_name(&(struct spool_file){ f->host.origin.epoch, first }, ret);
}

static void add_batches(struct fixture *f, int n, const struct host_log_batch *what)
{
	while (n-- > 0) {
		char name[SPOOL_FILE_NAME_MAX];
		cleanup_buf struct buf b = { 0 };
		batch_name(f, f->host.tree.size, name);
		host_log_batch(&f->host, what, &b);
		put_buf(f, name, &b);
	}
}

static void put_receipt(struct fixture *f, uint64_t size, const struct hash *root)
{
	cleanup_buf struct buf b = { 0 }, entry = { 0 }, text = { 0 }, note = { 0 };
	static const char origin[] = "acme/host/web/1";
	struct span name = { (const uint8_t *)origin, strlen(origin) };
	struct fleet_entry e = { .kind = FLEET_COMMIT, .time_us = 1, .heads = 1 };
	struct frontier tree = { 0 };
	struct hash leaf, fleet_root;
	const struct signer *log = &f->fleet.log;
	commit_leaf(name, size, root, &e.root);
	fleet_put_entry(&entry, &e);
	merkle_leaf((struct span){ entry.data, entry.len }, &leaf);
	frontier_add(&tree, &leaf);
	frontier_root(&tree, &fleet_root);
	checkpoint_put_text(&text, log->key.name, 1, &fleet_root);
	cr_assert_eq(note_put(&note, (struct span){ text.data, text.len }, &log, 1), 0);
	struct receipt r = { .origin = name,
		             .size = size,
		             .root = *root,
		             .heads = 1,
		             .entry = { entry.data, entry.len },
		             .note = { note.data, note.len } };
	receipt_put(&b, &r);
	put_buf(f, "receipt", &b);
}

static void make(struct fixture *f)
{
	*f = (struct fixture){ .dirfd = -1 };
	snprintf(f->path, sizeof(f->path), "/tmp/swornlog-spool-XXXXXX");
	cr_assert(mkdtemp(f->path));
	f->dirfd = open(f->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	test_fleet_init(&f->fleet, "acme");
	host_log_init(&f->host, "acme", "web", 1);
	key_put(&f->vkey, &f->fleet.log.key);
	f->host.fleet_vkey = (struct span){ f->vkey.data, f->vkey.len };
	test_fleet_enrol(&f->fleet, &f->host, &f->enrolment);
	put_buf(f, "genesis", &f->fleet.genesis_note);
	put_buf(f, "enrol", &f->enrolment);
	put_base(f);
	add_batches(f, 4, &some);
}

/* As the sealer frees what was receipted: the base moves to the third batch, whose head has the receipt. */
static void move_base(struct fixture *f)
{
	char name[SPOOL_FILE_NAME_MAX];
	struct host_log again;
	struct hash root;
	host_log_init(&again, "acme", "web", 1);
	again.fleet_vkey = f->host.fleet_vkey;
	for (int i = 0; i < 3; i++) {
		cleanup_buf struct buf b = { 0 };
		if (i == 2)
			f->base = again.tree;
		batch_name(f, again.tree.size, name);
		if (i < 2)
			cr_assert_eq(unlinkat(f->dirfd, name, 0), 0);
		host_log_batch(&again, &some, &b);
	}
	put_base(f);
	frontier_root(&again.tree, &root);
	put_receipt(f, again.tree.size, &root);
}

static void finish(struct fixture *f)
{
	char command[128];
	snprintf(command, sizeof(command), "rm -rf '%s'", f->path);
	cr_assert_eq(system(command), 0);
	test_fleet_done(&f->fleet);
	buf_done(&f->vkey);
	buf_done(&f->enrolment);
	close(f->dirfd);
}

static void check(struct fixture *f, struct report *ret)
{
	struct verify_options o = { .dirfd = f->dirfd,
		                    .anchor = { f->fleet.genesis_note.data, f->fleet.genesis_note.len } };
	cr_assert_eq(verify_spool(&o, ret), 0);
}

static void show(const struct report *r)
{
	cleanup_buf struct buf b = { 0 };
	report_put_text(&b, r, false);
	fwrite(b.data, 1, b.len, stderr);
}

static void expect_clean(struct fixture *f, uint64_t batches)
{
	cleanup_report struct report r = { 0 };
	check(f, &r);
	if (findings_total(&r.findings))
		show(&r);
	cr_assert_eq(findings_total(&r.findings), 0);
	cr_assert_eq(r.row[0].batches, batches);
}

static void expect(struct fixture *f, enum verdict v)
{
	cleanup_report struct report r = { 0 };
	check(f, &r);
	if (!r.findings.count[v])
		show(&r);
	cr_assert_gt(r.findings.count[v], 0);
}

Test(spool, a_fresh_spool_is_clean)
{
	struct fixture f;
	make(&f);
	cr_assert(looks_like_spool(f.dirfd));
	expect_clean(&f, 4);
	finish(&f);
}

Test(spool, a_spool_whose_base_has_moved_is_clean_by_its_receipt)
{
	struct fixture f;
	make(&f);
	move_base(&f);
	expect_clean(&f, 2);
	cr_assert_eq(unlinkat(f.dirfd, "receipt", 0), 0);
	expect(&f, VERDICT_WRONGLY_SEALED);
	add_batches(&f, 1, &(struct host_log_batch){ .events = 1, .identity = true });
	expect_clean(&f, 3);
	finish(&f);
}

Test(spool, a_receipt_for_a_head_that_is_not_here_is_a_truncation)
{
	struct fixture f;
	struct hash root = { 0 };
	make(&f);
	put_receipt(&f, 1000, &root);
	expect(&f, VERDICT_TRUNCATED);
	put_receipt(&f, f.host.tree.size, &root);
	expect(&f, VERDICT_FORKED);
	put(&f, "receipt", "x", 1);
	expect(&f, VERDICT_ALTERED);
	finish(&f);
}

static void expect_loss(size_t count, const struct loss *losses, const char *words)
{
	struct fixture f;
	cleanup_report struct report r = { 0 };
	make(&f);
	add_batches(&f, 1, &(struct host_log_batch){ .events = 1, .losses = losses, .loss_count = count });
	check(&f, &r);
	cr_assert_eq(findings_total(&r.findings), 1);
	cr_assert_eq(r.findings.list[0].verdict, VERDICT_LOSS);
	cr_expect_str_eq(r.findings.list[0].reason, words);
	finish(&f);
}

Test(spool, declared_losses_are_told_with_what_bounds_them)
{
	static const struct loss losses[] = {
		{ .reason = LOSS_RING_FULL, .has_count = true, .count = 3 },
		{ .reason = LOSS_KERNEL_SKIPPED, .has_count = true, .count = 7, .exactness = UPPER_BOUND },
		{ .reason = LOSS_COLLECTOR_DOWN, .exactness = UNKNOWN },
	};
	expect_loss(1, losses, "3 events declared lost; loss entries by reason: ring_full 1");
	expect_loss(1, losses + 1,
	            "0 events declared lost, at most 7 more; loss entries by reason: kernel_skipped 1");
	expect_loss(
	        3, losses,
	        "3 events declared lost, at most 7 more, and some that could not be counted; loss entries "
	        "by reason: ring_full 1, collector_down 1, kernel_skipped 1");
}

Test(spool, damage_is_found)
{
	struct fixture f;
	char name[SPOOL_FILE_NAME_MAX], other[SPOOL_FILE_NAME_MAX];
	make(&f);
	batch_name(&f, 7, name);
	batch_name(&f, 13, other);
	cr_assert_eq(faccessat(f.dirfd, name, F_OK, 0), 0);
	cr_assert_eq(renameat(f.dirfd, name, f.dirfd, "x.tmp"), 0);
	expect(&f, VERDICT_MISSING);
	cr_assert_eq(linkat(f.dirfd, other, f.dirfd, name, 0), 0);
	expect(&f, VERDICT_ALTERED);
	cr_assert_eq(unlinkat(f.dirfd, name, 0), 0);
	put(&f, name, "swlbatc1", 8);
	expect(&f, VERDICT_ALTERED);
	cr_assert_eq(renameat(f.dirfd, "x.tmp", f.dirfd, name), 0);
	expect_clean(&f, 4);
	put(&f, "enrol", "x\n", 2);
	expect(&f, VERDICT_WRONGLY_SEALED);
	put_buf(&f, "enrol", &f.enrolment);
	put(&f, "base", "swornlog-base/v1\n", 17);
	expect(&f, VERDICT_ALTERED);
	put_base(&f);
	put(&f, "evil", "", 0);
	expect(&f, VERDICT_ALTERED);
	finish(&f);
}

static void put_checkpoint(struct fixture *f, const char *name, uint64_t size, uint8_t root)
{
	cleanup_buf struct buf text = { 0 }, note = { 0 };
	const struct signer *log[] = { &f->fleet.log };
	checkpoint_put_text(&text, f->fleet.log.key.name, size, &(struct hash){ { root } });
	cr_assert_eq(note_put(&note, (struct span){ text.data, text.len }, log, 1), 0);
	put(f, name, note.data, note.len);
}

Test(spool, a_witnessed_checkpoint_belongs_there_and_must_be_the_logs)
{
	struct fixture f;
	make(&f);
	put_checkpoint(&f, "witnessed", 3, 1);
	expect_clean(&f, 4);
	put(&f, "witnessed", "x", 1);
	expect(&f, VERDICT_ALTERED);
	finish(&f);
}

Test(spool, two_histories_that_the_host_was_shown_are_a_split_view)
{
	struct fixture f;
	make(&f);
	put_checkpoint(&f, "inconsistent-0-held", 9, 1);
	put_checkpoint(&f, "inconsistent-0-shown", 9, 2);
	expect(&f, VERDICT_SPLIT_VIEW);
	put(&f, "inconsistent-16-held", "x", 1);
	expect(&f, VERDICT_ALTERED);
	finish(&f);
}

Test(spool, two_histories_of_one_size_convict_the_log_by_themselves)
{
	struct fixture f;
	cleanup_report struct report r = { 0 };
	cleanup_views_result struct views_result result = { 0 };
	cleanup_views struct views *views = NULL;
	static const char *const names[] = { "spool" };
	make(&f);
	put_checkpoint(&f, "inconsistent-0-held", 9, 1);
	put_checkpoint(&f, "inconsistent-0-shown", 9, 2);
	cr_assert_eq(views_new(&f.fleet.genesis, &views), 0);
	struct verify_options o = { .dirfd = f.dirfd,
		                    .anchor = { f.fleet.genesis_note.data, f.fleet.genesis_note.len },
		                    .views = views,
		                    .input = 1 };
	cr_assert_eq(verify_spool(&o, &r), 0);
	cr_assert_eq(views_compare(views, names, &result), 0);
	cr_assert_gt(result.evidence.len, 0);
	finish(&f);
}

Test(spool, wrongly_sealed_batches_are_found)
{
	struct fixture f;
	make(&f);
	add_batches(&f, 1, &(struct host_log_batch){ .events = 2, .fault = HOST_LOG_FOREIGN_SEAL });
	expect(&f, VERDICT_WRONGLY_SEALED);
	finish(&f);
}

Test(spool, a_new_epoch_behind_an_old_one_is_told)
{
	struct fixture f;
	cleanup_report struct report r = { 0 };
	make(&f);
	host_log_init(&f.host, "acme", "web", 2);
	f.host.fleet_vkey = (struct span){ f.vkey.data, f.vkey.len };
	add_batches(&f, 2, &some);
	check(&f, &r);
	cr_assert(report_clean(&r));
	cr_assert_eq(r.findings.count[VERDICT_EPOCH], 1);
	finish(&f);
}

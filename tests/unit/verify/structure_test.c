/* Only the structure: entries are hashed, and nothing but seals and epoch entries is opened. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "tests/support/bytes.h"
#include "tests/support/make_store.h"
#include "verify/store.h"

struct fixture {
	struct make_store store;
	struct host_log host;
};

static void begin(struct fixture *f)
{
	make_store_init(&f->store, NULL);
	make_store_host(&f->store, &f->host, "web", 1);
	make_store_enrol(&f->store, &f->host);
}

static void commit(struct fixture *f, const struct host_log_batch *what)
{
	f->host.fleet = make_store_head(&f->store);
	make_store_batch(&f->store, &f->host, what);
	make_store_commit(&f->store);
}

static const struct host_log_batch some = { .events = 5 };

static struct report check(struct fixture *f, bool structure)
{
	struct report r = { 0 };
	struct verify_options o = { .dirfd = f->store.dirfd,
		                    .anchor = buf_span(&f->store.fleet.genesis_note),
		                    .structure = structure };
	make_store_publish(&f->store);
	cr_assert_eq(verify_store(&o, &r), 0);
	for (size_t i = 0; i < r.findings.len; i++)
		fprintf(stderr, "%s: %s\n", verdict_name(r.findings.list[i].verdict),
		        r.findings.list[i].reason);
	return r;
}

static void finish(struct fixture *f)
{
	make_store_remove(&f->store);
	make_store_done(&f->store);
}

Test(structure, the_verdict_says_that_nothing_was_read)
{
	struct fixture f;
	cleanup_buf struct buf line = { 0 };
	begin(&f);
	commit(&f, &some);
	commit(&f, &some);
	cleanup_report struct report r = check(&f, true);
	report_put_verdict(&line, &r);
	cr_assert(bytes_equal(buf_span(&line),
	                      TEXT("structure verified, content re-hashed, not read; no witness")));
	cr_assert_eq(r.row[0].entries, f.host.tree.size);
	line.len = 0;
	r.not_hashed = true;
	report_put_verdict(&line, &r);
	cr_assert(
	        bytes_equal(buf_span(&line), TEXT("structure verified, content not re-hashed; no witness")));
	finish(&f);
}

Test(structure, content_is_hashed_all_the_same)
{
	struct fixture f;
	begin(&f);
	commit(&f, &some);
	make_store_publish(&f.store);
	int fd = openat(f.store.dirfd, "journal/00000000000000000001.journal", O_RDWR | O_CLOEXEC);
	uint8_t byte;
	/* In the path of the batch's first event. */
	off_t at = (off_t)f.store.batch[0].offset + 400;
	cr_assert_eq(pread(fd, &byte, 1, at), 1);
	byte ^= 1;
	cr_assert_eq(pwrite(fd, &byte, 1, at), 1);
	close(fd);
	struct report r = { 0 };
	struct verify_options o = { .dirfd = f.store.dirfd,
		                    .anchor = buf_span(&f.store.fleet.genesis_note),
		                    .structure = true };
	cr_assert_eq(verify_store(&o, &r), 0);
	cr_assert_geq(r.findings.count[VERDICT_ALTERED], 2); /* check bytes, and the root */
	report_done(&r);
	finish(&f);
}

Test(structure, what_the_seals_count_must_add_up_and_losses_are_told)
{
	struct fixture f;
	begin(&f);
	commit(&f, &some);
	f.host.account.lost += 3;
	f.host.account.emitted += 3;
	commit(&f, &some);
	cleanup_report struct report r = check(&f, true);
	cr_assert(report_clean(&r)); /* that no loss entry explains it, only an open log shows */
	cr_assert_eq(r.findings.count[VERDICT_LOSS], 1);
	cr_assert_eq(r.row[0].lost, 3);
	cr_assert_eq(r.row[0].days.day[0].verdicts, 1u << VERDICT_LOSS);
	cleanup_report struct report deep = check(&f, false);
	cr_assert_eq(deep.findings.count[VERDICT_MALFORMED], 1);
	finish(&f);
}

Test(structure, counts_that_do_not_add_up_or_become_smaller_are_malformed)
{
	for (int how = 0; how < 2; how++) {
		struct fixture f;
		begin(&f);
		f.host.account.filtered = f.host.account.emitted = 9;
		commit(&f, &some);
		f.host.account.filtered -= how ? 4 : 0;
		f.host.account.emitted -= how ? 4 : 1;
		commit(&f, &some);
		cleanup_report struct report r = check(&f, true);
		cr_assert_eq(r.findings.count[VERDICT_MALFORMED], 1);
		finish(&f);
	}
}

Test(structure, silence_is_not_judged_for_a_goodbye_is_not_opened)
{
	struct fixture f;
	begin(&f);
	commit(&f, &(struct host_log_batch){ .events = 2, .goodbye = true });
	f.host.clock_us += 4000ull * 1000000;
	commit(&f, &some);
	cleanup_report struct report r = check(&f, true);
	cr_assert_eq(findings_total(&r.findings), 0);
	finish(&f);
}

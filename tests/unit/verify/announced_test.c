#include <criterion/criterion.h>
#include <stdio.h>

#include "tests/support/make_store.h"
#include "verify/store.h"

#define MINUTE_US ((uint64_t)60 * 1000 * 1000)

/* A store of one host that has a batch, and another batch of it, with both signatures, that is not in the
 * store. */
struct fixture {
	struct make_store store;
	struct host_log host;
	struct buf batch;
	struct span note;
};

static const struct host_log_batch both_keys = { .events = 5, .identity = true };

static void setup(struct fixture *f)
{
	struct batch b;
	*f = (struct fixture){ 0 };
	make_store_init(&f->store, NULL);
	make_store_host(&f->store, &f->host, "web", 1);
	make_store_enrol(&f->store, &f->host);
	make_store_batch(&f->store, &f->host, &both_keys);
	make_store_commit(&f->store);
	host_log_batch(&f->host, &both_keys, &f->batch);
	cr_assert_gt(batch_parse(buf_span(&f->batch), &b), 0);
	f->note = b.note_bytes;
}

static void teardown(struct fixture *f)
{
	buf_done(&f->batch);
	make_store_remove(&f->store);
	make_store_done(&f->store);
}

#define cleanup_fixture cleanup(teardown)

static void verify(struct fixture *f, struct report *ret)
{
	struct verify_options o = { .dirfd = f->store.dirfd,
		                    .anchor = buf_span(&f->store.fleet.genesis_note),
		                    .jobs = 1 };
	make_store_publish(&f->store);
	cr_assert_eq(verify_store(&o, ret), 0);
}

static uint64_t verdicts(struct fixture *f, enum verdict v)
{
	cleanup_report struct report r = { 0 };
	verify(f, &r);
	return r.findings.count[v];
}

static void later(struct fixture *f, uint64_t us)
{
	f->store.time_us += us;
	make_store_sink(&f->store, SINK_HOST_SILENT, "other");
}

Test(announced, a_head_that_its_data_reaches_is_nothing_to_speak_of)
{
	cleanup_fixture struct fixture f;
	cleanup_report struct report r = { 0 };
	setup(&f);
	make_store_announce(&f.store, f.note);
	make_store_put(&f.store, buf_span(&f.batch));
	make_store_commit(&f.store);
	later(&f, 2 * MINUTE_US);
	verify(&f, &r);
	cr_expect_eq(findings_faults(&r.findings), 0u);
}

Test(announced, a_head_that_no_data_reaches_is_missing_with_its_range)
{
	cleanup_fixture struct fixture f;
	cleanup_report struct report r = { 0 };
	setup(&f);
	uint64_t end = f.host.tree.size;
	make_store_announce(&f.store, f.note);
	later(&f, 2 * MINUTE_US);
	verify(&f, &r);
	cr_assert_eq(r.findings.count[VERDICT_MISSING], 1);
	const struct finding *one = r.findings.list;
	while (one->verdict != VERDICT_MISSING)
		one++;
	cr_expect_str_eq(one->origin, "acme/host/web/1");
	cr_expect_eq(one->last, end - 1);
	cr_expect_eq(one->first, end - 6, "from where the log ends");
	cr_expect_eq(r.row[0].verdicts & 1u << VERDICT_MISSING, 1u << VERDICT_MISSING);
}

Test(announced, for_a_minute_it_may_be_on_its_way)
{
	cleanup_fixture struct fixture f;
	cleanup_report struct report r = { 0 };
	setup(&f);
	make_store_announce(&f.store, f.note);
	later(&f, MINUTE_US / 2);
	verify(&f, &r);
	cr_expect_eq(findings_faults(&r.findings), 0);
	cr_expect_eq(r.findings.count[VERDICT_REMARK], 1);
}

Test(announced, a_new_epoch_ends_the_waiting)
{
	cleanup_fixture struct fixture f;
	setup(&f);
	make_store_announce(&f.store, f.note);
	make_store_host(&f.store, &f.host, "web", 2);
	make_store_batch(&f.store, &f.host, &both_keys);
	make_store_commit(&f.store);
	cr_expect_eq(verdicts(&f, VERDICT_MISSING), 1);
}

Test(announced, another_history_than_the_announced_one_is_a_fork)
{
	cleanup_fixture struct fixture f;
	setup(&f);
	make_store_announce(&f.store, f.note);
	struct host_log other;
	make_store_host(&f.store, &other, "web", 1);
	cleanup_buf struct buf first = { 0 };
	host_log_batch(&other, &both_keys, &first); /* the one that the store has */
	other.branch = 1;
	make_store_batch(&f.store, &other, &both_keys);
	make_store_commit(&f.store);
	cr_expect_eq(verdicts(&f, VERDICT_FORKED), 1);
}

Test(announced, what_the_host_did_not_sign_is_told)
{
	cleanup_fixture struct fixture f;
	struct host_log stranger;
	setup(&f);
	cleanup_buf struct buf batch = { 0 }, forged = { 0 };
	struct batch b;
	buf_put(&forged, f.note.data, f.note.len);
	forged.data[forged.len - 10] ^= 1;
	make_store_announce(&f.store, buf_span(&forged));
	cr_expect_eq(verdicts(&f, VERDICT_WRONGLY_SEALED), 1);
	make_store_host(&f.store, &stranger, "stranger", 1);
	host_log_batch(&stranger, &both_keys, &batch);
	cr_assert_gt(batch_parse(buf_span(&batch), &b), 0);
	make_store_announce(&f.store, b.note_bytes);
	cr_expect_eq(verdicts(&f, VERDICT_UNENROLLED), 1);
	make_store_announce(&f.store, (struct span){ (const uint8_t *)"no note", 7 });
	cr_expect_eq(verdicts(&f, VERDICT_MALFORMED), 1);
}

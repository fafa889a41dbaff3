#include "verify/generations.h"

#include <criterion/criterion.h>

#include "tests/support/make_store.h"
#include "verify/store.h"

struct fixture {
	struct make_store store;
	struct host_log host;
};

static const struct host_log_batch some = { .events = 3 };

static void setup(struct fixture *f)
{
	make_store_init(&f->store, NULL);
	make_store_host(&f->store, &f->host, "web", 1);
	make_store_enrol(&f->store, &f->host);
	make_store_batch(&f->store, &f->host, &some);
	make_store_commit(&f->store);
}

static void teardown(struct fixture *f)
{
	make_store_remove(&f->store);
	make_store_done(&f->store);
}

#define cleanup_fixture cleanup(teardown)

static void commit(struct fixture *f, const struct fleet_head *head)
{
	f->host.fleet = *head;
	make_store_batch(&f->store, &f->host, &some);
	make_store_commit(&f->store);
}

static void verify(struct fixture *f, struct report *ret)
{
	struct verify_options o = { .dirfd = f->store.dirfd,
		                    .anchor = buf_span(&f->store.fleet.genesis_note),
		                    .jobs = 1 };
	make_store_publish(&f->store);
	cr_assert_eq(verify_store(&o, ret), 0);
}

static const struct finding *find_verdict(const struct report *r, enum verdict v)
{
	for (size_t i = 0; i < r->findings.len; i++)
		if (r->findings.list[i].verdict == v)
			return &r->findings.list[i];
	return NULL;
}

Test(generations, a_restored_store_is_sound_and_names_what_hosts_testify_of)
{
	cleanup_fixture struct fixture f;
	cleanup_report struct report r = { 0 };
	setup(&f);
	uint64_t start = f.store.tree.size;
	struct fleet_head within = make_store_head(&f.store), lost = { .size = start + 3, .root = { { 9 } } };
	commit(&f, &within);
	start = f.store.tree.size;
	lost.size = start + 3;
	make_store_restore(&f.store, 2, NULL);
	commit(&f, &lost);
	lost.size = start + 1;
	for (int i = 0; i < 4; i++)
		make_store_sink(&f.store, SINK_HOST_SILENT, "other");
	struct fleet_head now = make_store_head(&f.store);
	now.generation = 2;
	commit(&f, &now);
	verify(&f, &r);
	cr_expect_eq(findings_faults(&r.findings), 1);
	const struct finding *one = find_verdict(&r, VERDICT_ROLLED_BACK);
	cr_assert_not_null(one);
	cr_expect_str_eq(one->origin, "acme/log");
	cr_expect_eq(one->first, start);
	cr_expect_eq(one->last, start + 2);
}

Test(generations, a_name_without_its_entry_is_wrongly_sealed)
{
	cleanup_fixture struct fixture f;
	cleanup_report struct report r = { 0 };
	setup(&f);
	cr_assert_eq(generation_key(&f.store.fleet.log.key, 2, &f.store.log_key), 0);
	make_store_sink(&f.store, SINK_HOST_SILENT, "other");
	verify(&f, &r);
	cr_expect_not_null(find_verdict(&r, VERDICT_WRONGLY_SEALED));
}

Test(generations, an_entry_that_does_not_fit_is_found)
{
	static const struct {
		const char *detail;
		enum verdict verdict;
	} rows[] = {
		{ "", VERDICT_MALFORMED },
		{ "acme/log 3 x 2", VERDICT_MALFORMED },
		{ "acme/log 4 AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= 2", VERDICT_ALTERED },
		{ "acme/log 3 AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= 2", VERDICT_ALTERED },
		{ "acme/log/2 3 AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= 3", VERDICT_ALTERED },
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_fixture struct fixture f;
		cleanup_report struct report r = { 0 };
		setup(&f);
		make_store_restore(&f.store, 2, rows[i].detail);
		verify(&f, &r);
		cr_expect_not_null(find_verdict(&r, rows[i].verdict), "%s", rows[i].detail);
	}
}

Test(generations, a_seal_of_a_generation_that_is_not_here_tells_of_a_truncation)
{
	cleanup_fixture struct fixture f;
	cleanup_report struct report r = { 0 };
	setup(&f);
	struct fleet_head head = make_store_head(&f.store);
	head.generation = 5;
	commit(&f, &head);
	verify(&f, &r);
	cr_expect_not_null(find_verdict(&r, VERDICT_TRUNCATED));
}

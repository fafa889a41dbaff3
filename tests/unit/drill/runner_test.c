#include "drill/runner.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/make_store.h"

/* Two hosts and two files with six commits each, the first as what is asked for. */
struct fixture {
	struct make_store store;
	struct host_log host[2];
	char folder[64];
};

static void add_groups(struct fixture *f, int groups)
{
	static const struct host_log_batch some = { .events = 4, .codec = PACK_ZSTD };
	for (int i = 0; i < groups; i++) {
		for (int k = 0; k < 2; k++) {
			f->host[k].fleet = make_store_head(&f->store);
			make_store_batch(&f->store, &f->host[k], &some);
		}
		make_store_commit(&f->store);
	}
}

static void make(struct fixture *f, bool segment, int groups)
{
	make_store_init(&f->store, NULL);
	for (int i = 0; i < 2; i++) {
		make_store_host(&f->store, &f->host[i], i ? "web" : "db", 1);
		make_store_enrol(&f->store, &f->host[i]);
	}
	add_groups(f, groups);
	if (segment)
		make_store_rotate(&f->store, true);
	add_groups(f, segment ? 2 : 0);
	make_store_publish(&f->store);
	snprintf(f->folder, sizeof(f->folder), "/tmp/swornlog-runner-XXXXXX");
	cr_assert(mkdtemp(f->folder));
}

static int remove_one(const char *path, const struct stat *st maybe_unused, int type maybe_unused,
                      struct FTW *f maybe_unused)
{
	return remove(path);
}

static void finish(struct fixture *f)
{
	cr_assert(nftw(f->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS) == 0);
	make_store_remove(&f->store);
	make_store_done(&f->store);
}

static void count_told(void *ctx, const struct result *r maybe_unused)
{
	++*(size_t *)ctx;
}

static void run(struct fixture *f, struct result *results, size_t n)
{
	size_t told = 0;
	struct drill d = { .store = f->store.path,
		           .anchor = { f->store.fleet.genesis_note.data, f->store.fleet.genesis_note.len },
		           .folder = f->folder,
		           .jobs = 1,
		           .result = results,
		           .count = n };
	cr_assert_eq(drill_run(&d, count_told, &told), 0);
	cr_expect_eq(told, n, "each result is told once");
}

static enum outcome outcome_of(const struct sin *sin)
{
	struct fixture f;
	struct result r = { .sin = sin };
	make(&f, false, 6);
	run(&f, &r, 1);
	finish(&f);
	return r.outcome;
}

/* All sins on a store, and those that need more are left out with a reason. */
static void expect_all_caught(bool segment, int groups)
{
	struct fixture f;
	struct result results[64] = { 0 };
	size_t n = 0;
	for (size_t i = 0; i < sin_count(); i++)
		if (sin_at(i)->need == NEED_STORE && sin_at(i)->check.kind == CHECK_STORE)
			results[n++].sin = sin_at(i);
	cr_assert_geq(n, 12);
	make(&f, segment, groups);
	run(&f, results, n);
	for (size_t i = 0; i < n; i++) {
		bool caught = results[i].outcome == OUTCOME_CAUGHT;
		bool short_tail = segment && strcmp(results[i].sin->name, "truncate-tail") == 0;
		cr_expect(caught || (short_tail && results[i].outcome == OUTCOME_IMPOSSIBLE), "%s is %s: %s",
		          results[i].sin->name, outcome_name(results[i].outcome), results[i].what);
	}
	finish(&f);
}

Test(runner, catches_each_sin_on_a_journal)
{
	expect_all_caught(false, 6);
}

Test(runner, catches_each_sin_on_a_segment)
{
	expect_all_caught(true, 6);
}

Test(runner, says_what_can_not_be_committed_on_a_store_without_commits)
{
	struct fixture f;
	struct result results[] = { { .sin = sin_find("alter-entry") }, { .sin = sin_find("rewrite-time") } };
	make(&f, false, 0);
	run(&f, results, 2);
	for (size_t i = 0; i < 2; i++) {
		cr_expect_eq(results[i].outcome, OUTCOME_IMPOSSIBLE);
		cr_expect(results[i].what[0]);
	}
	finish(&f);
}

static const struct check altered = { .kind = CHECK_STORE, .verdicts = 1u << VERDICT_ALTERED };

static int commit_nothing(struct act *a maybe_unused)
{
	return 0;
}

static int commit_in_both_runs(struct act *a)
{
	return workspace_put(a->work, "genesis", (struct span){ (const uint8_t *)"x", 1 });
}

static int commit_another_fault(struct act *a)
{
	return a->sinful ? workspace_remove(a->work, "genesis") : 0;
}

static int commit_elsewhere(struct act *a)
{
	snprintf(a->place, sizeof(a->place), "fleet/checkpoint");
	return a->sinful ? commit_in_both_runs(a) : 0;
}

static int fail_to_commit(struct act *a)
{
	return act_failed(a, -EIO, "no");
}

static int die(struct act *a maybe_unused)
{
	_exit(0);
}

Test(runner, tells_the_caught_from_the_missed_the_noisy_and_the_failed)
{
	const struct {
		int (*commit)(struct act *a);
		enum outcome outcome;
	} rows[] = {
		{ commit_nothing, OUTCOME_MISSED },       { commit_in_both_runs, OUTCOME_NOISY },
		{ commit_another_fault, OUTCOME_MISSED }, { commit_elsewhere, OUTCOME_MISSED },
		{ fail_to_commit, OUTCOME_FAILED },       { die, OUTCOME_FAILED },
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct sin sin = { .name = "made up", .check = altered, .commit = rows[i].commit };
		cr_expect_eq(outcome_of(&sin), rows[i].outcome, "row %zu", i);
	}
}

Test(runner, leaves_the_store_as_it_was_for_the_next_sin)
{
	struct fixture f;
	struct result results[] = { { .sin = sin_find("alter-genesis") },
		                    { .sin = sin_find("delete-file") },
		                    { .sin = sin_find("alter-genesis") } };
	make(&f, false, 6);
	run(&f, results, 3);
	for (size_t i = 0; i < 3; i++)
		cr_expect_eq(results[i].outcome, OUTCOME_CAUGHT, "%s", results[i].what);
	finish(&f);
}

/* One fleet log, shown to some as it is and to others with another entry. */
#include "verify/views.h"

#include <criterion/criterion.h>
#include <stdio.h>

#include "tests/support/bytes.h"
#include "tests/support/host_log.h"

#define ENTRIES 600 /* more than a block of the tree */

struct fixture {
	struct test_fleet fleet;
	struct views *views;
	struct hash leaf[2][ENTRIES];
};

static void begin(struct fixture *f, size_t fork)
{
	char text[32];
	*f = (struct fixture){ 0 };
	test_fleet_init(&f->fleet, "acme");
	cr_assert_eq(views_new(&f->fleet.genesis, &f->views), 0);
	for (size_t i = 0; i < ENTRIES; i++) {
		for (size_t k = 0; k < 2; k++) {
			snprintf(text, sizeof(text), "%zu %d", i, k && i == fork);
			merkle_leaf(span_str(text), &f->leaf[k][i]);
		}
	}
}

static void finish(struct fixture *f)
{
	views_free(f->views);
	test_fleet_done(&f->fleet);
}

static void put_note(const struct fixture *f, int history, size_t size, struct buf *note)
{
	cleanup_buf struct buf text = { 0 };
	struct hash root;
	const struct signer *log[] = { &f->fleet.log };
	merkle_root(f->leaf[history], size, &root);
	checkpoint_put_text(&text, "acme/log", size, &root);
	cr_assert_eq(note_put(note, buf_span(&text), log, 1), 0);
}

static void add_store(struct fixture *f, unsigned input, int history, size_t size)
{
	struct fleet_tree *tree;
	cleanup_buf struct buf note = { 0 };
	cr_assert_eq(fleet_tree_new(&tree), 0);
	for (size_t i = 0; i < size; i++)
		cr_assert_eq(fleet_tree_add(tree, &f->leaf[history][i]), 0);
	put_note(f, history, size, &note);
	cr_assert_eq(views_add_store(f->views, input, tree, &(struct generations){ 0 }, buf_span(&note)), 0);
}

static void add_note(struct fixture *f, unsigned input, int history, size_t size)
{
	struct fleet_head head;
	cleanup_buf struct buf note = { 0 };
	put_note(f, history, size, &note);
	cr_assert_eq(views_add_note(f->views, input, buf_span(&note), &head), 0);
	cr_assert_eq(head.size, size);
}

static void add_seal(struct fixture *f, unsigned input, int history, size_t size)
{
	struct fleet_head head = { .size = size };
	merkle_root(f->leaf[history], size, &head.root);
	cr_assert_eq(views_add_head(f->views, input, "acme/host/web/1", 7, &head), 0);
}

/* Exactly one finding of this verdict, or none where it is VERDICT_COUNT. */
static struct views_result compare(struct fixture *f, enum verdict v)
{
	static const char *const names[] = { "one", "t\two", "three" };
	struct views_result r = { 0 };
	cr_assert_eq(views_compare(f->views, names, &r), 0);
	for (size_t i = 0; i < r.findings.len; i++)
		fprintf(stderr, "%s: %s\n", verdict_name(r.findings.list[i].verdict),
		        r.findings.list[i].reason);
	cr_assert_eq(findings_total(&r.findings), v == VERDICT_COUNT ? 0 : 1);
	if (v != VERDICT_COUNT)
		cr_assert_eq(r.findings.count[v], 1);
	finish(f);
	return r;
}

static void expect_conviction(const struct views_result *r, uint64_t sizes[2])
{
	struct split_view v;
	struct note n;
	struct checkpoint c;
	cr_assert_eq(split_view_parse(buf_span(&r->evidence), &v), 0);
	cr_assert_eq(split_view_check(&v), SPLIT_VIEW_PROVEN);
	for (int i = 0; i < 2; i++) {
		cr_assert_eq(note_parse(v.view[i].note, &n), 0);
		cr_assert_eq(checkpoint_parse(n.text, &c), 0);
		cr_assert_eq(c.size, sizes[i]);
	}
}

Test(views, one_history_at_several_sizes_is_clean)
{
	struct fixture f;
	begin(&f, ENTRIES);
	add_store(&f, 1, 0, ENTRIES);
	add_note(&f, 2, 0, 1);
	add_note(&f, 2, 0, 511);
	add_seal(&f, 3, 0, 599);
	cleanup_views_result struct views_result r = compare(&f, VERDICT_COUNT);
	cr_assert_eq(r.stores, 1);
	cr_assert_eq(r.signed_heads, 3);
	cr_assert_eq(r.seal_heads, 1);
	cr_assert_eq(r.evidence.len, 0);
}

Test(views, a_receipts_checkpoint_that_the_store_never_had_convicts_the_sink)
{
	static const size_t sizes[] = { 301, 512, 599 };
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct fixture f;
		begin(&f, 300);
		add_note(&f, 1, 0, sizes[i]);
		add_store(&f, 2, 1, ENTRIES);
		cleanup_views_result struct views_result r = compare(&f, VERDICT_SPLIT_VIEW);
		expect_conviction(&r, (uint64_t[]){ sizes[i], ENTRIES });
		struct split_view v;
		cr_assert_eq(split_view_parse(buf_span(&r.evidence), &v), 0);
		cr_assert(bytes_equal(v.view[1].from, TEXT("input 2: t?wo")));
	}
}

Test(views, a_checkpoint_of_before_the_fork_convicts_nobody)
{
	struct fixture f;
	begin(&f, 300);
	add_note(&f, 1, 0, 300);
	add_store(&f, 2, 1, ENTRIES);
	cleanup_views_result struct views_result r = compare(&f, VERDICT_COUNT);
	cr_assert_eq(r.evidence.len, 0);
}

Test(views, two_stores_of_different_lengths_are_compared_at_the_shorter_one)
{
	struct fixture f;
	begin(&f, 10);
	add_store(&f, 1, 0, 400);
	add_store(&f, 2, 1, 500);
	static const char *const names[] = { "one", "two" };
	cleanup_views_result struct views_result r = { 0 };
	cr_assert_eq(views_compare(f.views, names, &r), 0);
	cr_assert_eq(r.findings.count[VERDICT_SPLIT_VIEW], 1);
	cr_assert_eq(r.findings.count[VERDICT_TRUNCATED], 1); /* the first has no 500 entries */
	expect_conviction(&r, (uint64_t[]){ 400, 500 });
	finish(&f);
}

Test(views, two_hosts_with_different_checkpoints_of_one_size_convict_the_sink_without_a_store)
{
	struct fixture f;
	begin(&f, 3);
	add_note(&f, 1, 0, 9);
	add_note(&f, 2, 0, 8);
	add_note(&f, 2, 1, 9);
	cleanup_views_result struct views_result r = compare(&f, VERDICT_SPLIT_VIEW);
	expect_conviction(&r, (uint64_t[]){ 9, 9 });
}

Test(views, a_seals_head_is_a_finding_but_the_hosts_word_convicts_nobody)
{
	struct fixture f;
	begin(&f, 3);
	add_seal(&f, 1, 0, 9);
	add_store(&f, 2, 1, ENTRIES);
	cleanup_views_result struct views_result r = compare(&f, VERDICT_SPLIT_VIEW);
	cr_assert_eq(r.evidence.len, 0);
	cr_assert_str_eq(r.findings.list[0].origin, "acme/host/web/1");
	cr_assert_eq(r.findings.list[0].first, 7);
}

Test(views, a_store_that_ends_before_what_a_host_has_seen_is_truncated)
{
	struct fixture f;
	begin(&f, ENTRIES);
	add_note(&f, 1, 0, 9);
	add_store(&f, 2, 0, 8);
	cleanup_views_result struct views_result r = compare(&f, VERDICT_TRUNCATED);
	cr_assert_eq(r.evidence.len, 0);
}

Test(views, a_strangers_checkpoint_is_none)
{
	struct fixture f;
	struct fleet_head head;
	struct signer other;
	cleanup_buf struct buf text = { 0 }, note = { 0 };
	begin(&f, 3);
	test_signer("acme2/log", &other);
	const struct signer *log[] = { &other };
	checkpoint_put_text(&text, "acme/log", 3, &f.leaf[0][0]);
	cr_assert_eq(note_put(&note, buf_span(&text), log, 1), 0);
	cr_assert_lt(views_add_note(f.views, 1, buf_span(&note), &head), 0);
	cr_assert_lt(views_add_note(f.views, 1, TEXT("x"), &head), 0);
	finish(&f);
}

Test(views, more_heads_than_are_kept_are_counted)
{
	struct fixture f;
	begin(&f, 3);
	for (int i = 0; i < SIGHTINGS_MAX + 5; i++)
		add_seal(&f, 1, 0, 2);
	cleanup_views_result struct views_result r = compare(&f, VERDICT_COUNT);
	cr_assert_eq(r.seal_heads, SIGHTINGS_MAX);
	cr_assert_eq(r.passed_over, 5);
}

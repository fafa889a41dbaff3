/* The log `vectors.example/log` in two histories: five entries, of which the second has another one at 2. */
#include "evidence/split_view.h"

#include <criterion/criterion.h>
#include <stdio.h>

#include "tests/support/bytes.h"
#include "tests/support/host_log.h"
#include "tests/support/vectors.h"

#define ENTRIES 5
#define SMALL   3

struct views {
	struct signer log;
	struct hash leaf[2][ENTRIES];
	struct buf note[2];
	struct split_view evidence;
};

static void done(struct views *v)
{
	buf_done(&v->note[0]);
	buf_done(&v->note[1]);
}

static int node(void *ctx, unsigned level, uint64_t index, struct hash *ret)
{
	const struct hash *leaf = ctx;
	merkle_root(leaf + (index << level), (size_t)1 << level, ret);
	return 0;
}

static void sign(struct views *v, int which, size_t size)
{
	cleanup_buf struct buf text = { 0 };
	struct hash root;
	const struct signer *log[] = { &v->log };
	merkle_root(v->leaf[which], size, &root);
	checkpoint_put_text(&text, v->log.key.name, size, &root);
	buf_reset(&v->note[which]);
	cr_assert_eq(note_put(&v->note[which], buf_span(&text), log, 1), 0);
	v->evidence.view[which] = (struct view_note){
		.from = which ? TEXT("the store") : TEXT("the spool of web-1"),
		.log = v->log.key,
		.note = buf_span(&v->note[which]),
	};
}

/* The first history has size `small`, the second all five entries, and the other entry at `fork`. */
static void begin(struct views *v, size_t small, size_t fork)
{
	char name[64];
	*v = (struct views){ 0 };
	test_signer("vectors.example/log", &v->log);
	for (size_t i = 0; i < ENTRIES; i++) {
		for (size_t k = 0; k < 2; k++) {
			int len =
			        snprintf(name, sizeof(name), "entry %zu%s", i, k && i == fork ? " too" : "");
			merkle_leaf((struct span){ (const uint8_t *)name, (size_t)len }, &v->leaf[k][i]);
		}
	}
	sign(v, 0, small);
	sign(v, 1, ENTRIES);
	if (small == ENTRIES)
		return;
	v->evidence.has_root = true;
	merkle_root(v->leaf[1], small, &v->evidence.root);
	cr_assert_eq(merkle_prove_consistency(node, v->leaf[1], small, ENTRIES, v->evidence.proof,
	                                      &v->evidence.proof_len),
	             0);
}

static enum split_view_verdict through_the_file(const struct views *v)
{
	cleanup_buf struct buf b = { 0 };
	struct split_view again;
	split_view_put(&b, &v->evidence);
	cr_assert(split_view_is(buf_span(&b)));
	cr_assert_eq(split_view_parse(buf_span(&b), &again), 0);
	return split_view_check(&again);
}

Test(split_view, two_roots_of_one_size_convict_the_log)
{
	cleanup(done) struct views v;
	begin(&v, ENTRIES, 2);
	cr_assert_eq(through_the_file(&v), SPLIT_VIEW_PROVEN);
}

Test(split_view, a_smaller_checkpoint_that_is_not_in_the_larger_tree_convicts_the_log)
{
	cleanup(done) struct views v;
	cleanup_buf struct buf b = { 0 };
	begin(&v, SMALL, 2);
	cr_assert_eq(through_the_file(&v), SPLIT_VIEW_PROVEN);
	split_view_put(&b, &v.evidence);
	cr_assert(vector_is("split-view.txt", buf_span(&b)));
}

Test(split_view, an_honest_log_can_not_be_convicted)
{
	cleanup(done) struct views v, same;
	begin(&v, SMALL, 4); /* what they differ in lies behind the smaller one */
	cr_assert_eq(through_the_file(&v), SPLIT_VIEW_CONSISTENT);
	begin(&same, ENTRIES, ENTRIES);
	cr_assert_eq(through_the_file(&same), SPLIT_VIEW_CONSISTENT);
}

Test(split_view, a_root_that_the_second_tree_never_had_proves_nothing)
{
	cleanup(done) struct views v;
	begin(&v, SMALL, ENTRIES);
	v.evidence.root.b[0] ^= 1;
	cr_assert_eq(through_the_file(&v), SPLIT_VIEW_BAD_PROOF);
	v.evidence.root.b[0] ^= 1;
	v.evidence.proof[1].b[0] ^= 1;
	cr_assert_eq(through_the_file(&v), SPLIT_VIEW_BAD_PROOF);
	v.evidence.proof_len = 0;
	cr_assert_eq(through_the_file(&v), SPLIT_VIEW_BAD_PROOF);
	v.evidence.has_root = false;
	cr_assert_eq(through_the_file(&v), SPLIT_VIEW_BAD_PROOF);
}

Test(split_view, a_root_where_the_sizes_are_equal_proves_nothing)
{
	cleanup(done) struct views v;
	begin(&v, ENTRIES, 2);
	v.evidence.has_root = true;
	cr_assert_eq(through_the_file(&v), SPLIT_VIEW_CONSISTENT);
}

Test(split_view, notes_must_be_the_logs_and_of_one_log)
{
	cleanup(done) struct views v;
	struct signer other;
	begin(&v, ENTRIES, 2);
	test_signer("elsewhere.example/log", &other);
	v.log = other;
	sign(&v, 1, ENTRIES);
	cr_assert_eq(through_the_file(&v), SPLIT_VIEW_TWO_LOGS);
	v.evidence.view[1].log = v.evidence.view[0].log;
	cr_assert_eq(through_the_file(&v), SPLIT_VIEW_BAD_NOTE);
}

Test(split_view, the_order_of_sizes_is_part_of_the_form)
{
	cleanup(done) struct views v;
	begin(&v, SMALL, 2);
	struct view_note first = v.evidence.view[0];
	v.evidence.view[0] = v.evidence.view[1];
	v.evidence.view[1] = first;
	cr_assert_eq(through_the_file(&v), SPLIT_VIEW_BAD_PROOF);
}

Test(split_view, what_is_malformed_is_refused)
{
	cleanup(done) struct views v;
	cleanup_buf struct buf b = { 0 }, long_from = { 0 };
	struct split_view again;
	begin(&v, SMALL, 2);
	split_view_put(&b, &v.evidence);
	for (size_t n = 0; n < b.len; n++) {
		bool whole_lines = n > 0 && b.data[n - 1] == '\n';
		int r = split_view_parse((struct span){ b.data, n }, &again);
		cr_assert(r < 0 || (whole_lines && split_view_check(&again) != SPLIT_VIEW_PROVEN),
		          "cut at %zu", n);
	}
	for (size_t i = 0; i <= SPLIT_VIEW_FROM_MAX; i++)
		buf_put_u8(&long_from, 'x');
	static const struct span wrong[] = { { 0 }, TEXT("a\tb"), TEXT("\xc3\xa4") };
	for (size_t i = 0; i <= ARRAY_SIZE(wrong); i++) {
		v.evidence.view[0].from = i < ARRAY_SIZE(wrong) ? wrong[i] : buf_span(&long_from);
		buf_reset(&b);
		split_view_put(&b, &v.evidence);
		cr_assert_eq(split_view_parse(buf_span(&b), &again), -EBADMSG, "from number %zu", i);
	}
}

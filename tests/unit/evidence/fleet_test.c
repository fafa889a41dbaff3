#include "evidence/fleet.h"

#include <criterion/criterion.h>

#include "lib/text.h"
#include "tests/support/bytes.h"
#include "tests/support/host_log.h"

#define H32                                                                                                  \
	1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27,   \
	        28, 29, 30, 31, 32

static bool written(struct fleet_entry e, struct span want)
{
	cleanup_buf struct buf b = { 0 };
	fleet_put_entry(&b, &e);
	return buf_err(&b) == 0 && bytes_equal(buf_span(&b), want);
}

Test(fleet, entries_are_laid_out_as_the_format_says)
{
	cr_assert(written(
	        (struct fleet_entry){
	                .kind = FLEET_COMMIT, .time_us = 256, .root = { { H32 } }, .heads = 24 },
	        SPAN(0x84, 0x01, 0x19, 0x01, 0x00, 0x58, 0x20, H32, 0x18, 0x18)));
	cr_assert(written((struct fleet_entry){ .kind = FLEET_STATEMENT, .time_us = 0, .note = TEXT("n") },
	                  SPAN(0x83, 0x02, 0x00, 0x41, 'n')));
	cr_assert(written((struct fleet_entry){ .kind = FLEET_SINK, .time_us = 1, .what = SINK_RESTORED },
	                  SPAN(0x84, 0x05, 0x01, 0x02, 0x40)));
	cr_assert(written((struct fleet_entry){ .kind = FLEET_ANNOUNCE, .time_us = 0, .note = TEXT("n") },
	                  SPAN(0x83, 0x06, 0x00, 0x41, 'n')));
	cleanup_buf struct buf b = { 0 };
	fleet_put_entry(&b, &(struct fleet_entry){ .kind = FLEET_READ });
	cr_assert_eq(buf_err(&b), -EINVAL);
}

Test(fleet, entries_parse_into_what_was_written)
{
	const struct span commit = SPAN(0x84, 0x01, 0x05, 0x58, 0x20, H32, 0x02),
	                  statement = SPAN(0x83, 0x02, 0x05, 0x41, 'n'),
	                  sink = SPAN(0x84, 0x05, 0x05, 0x03, 0x41, 'h');
	struct fleet_entry e;
	cr_assert_eq(fleet_parse_entry(commit, &e), 0);
	cr_assert(e.kind == FLEET_COMMIT && e.time_us == 5 && e.heads == 2 && e.root.b[31] == 32);
	cr_assert_eq(fleet_parse_entry(statement, &e), 0);
	cr_assert(e.kind == FLEET_STATEMENT && span_is(e.note, "n"));
	cr_assert_eq(fleet_parse_entry(sink, &e), 0);
	cr_assert(e.kind == FLEET_SINK && e.what == SINK_HOST_SILENT && span_is(e.detail, "h"));
}

Test(fleet, kinds_that_are_reserved_or_unknown_are_carried)
{
	struct fleet_entry e;
	cr_assert_eq(fleet_parse_entry(SPAN(0x82, 0x03, 0x05), &e), 0);
	cr_assert_eq(fleet_parse_entry(SPAN(0x83, 0x04, 0x05, 0xa1, 0x00, 0x80), &e), 0);
	cr_assert_eq(fleet_parse_entry(SPAN(0x82, 0x19, 0x7f, 0xff, 0x05), &e), 0);
	cr_assert_eq(e.kind, 0x7fff);
}

Test(fleet, other_entries_are_refused)
{
	const struct span wrong[] = {
		{ NULL, 0 },
		SPAN(0x80),
		SPAN(0x81, 0x01),
		SPAN(0xa0),
		SPAN(0x82, 0x20, 0x00),
		SPAN(0x82, 0x03, 0x20),
		SPAN(0x83, 0x01, 0x05, 0x58, 0x20, H32),
		SPAN(0x85, 0x01, 0x05, 0x58, 0x20, H32, 0x01, 0x00),
		SPAN(0x84, 0x01, 0x05, 0x58, 0x20, H32, 0x00),
		SPAN(0x84, 0x01, 0x05, 0x58, 0x20, H32, 0x1a, 0x00, 0x01, 0x00, 0x01),
		SPAN(0x84, 0x01, 0x05, 0x41, 0x00, 0x01),
		SPAN(0x84, 0x01, 0x05, 0x58, 0x20, H32, 0x01, 0x00),
		SPAN(0x82, 0x02, 0x05),
		SPAN(0x84, 0x02, 0x05, 0x41, 'n', 0x00),
		SPAN(0x83, 0x02, 0x05, 0x00),
		SPAN(0x83, 0x05, 0x05, 0x00),
		SPAN(0x84, 0x05, 0x05, 0x00, 0x00),
		SPAN(0x83, 0x04, 0x05, 0xf7),
		SPAN(0x83, 0x18, 0x04, 0x05, 0x00),
		/* eight arrays within the entry's own */
		SPAN(0x83, 0x03, 0x05, 0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 0x80),
	};
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct fleet_entry e = { .kind = 77 };
		cr_expect_eq(fleet_parse_entry(wrong[i], &e), -EBADMSG, "case %zu", i);
		cr_assert_eq(e.kind, 77);
	}
	struct fleet_entry e;
	cr_assert_eq(fleet_parse_entry(SPAN(0x83, 0x03, 0x05, 0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 0x80), &e),
	             0);
}

Test(fleet, the_longest_entry_is_taken_and_one_byte_more_is_not)
{
	cleanup_buf struct buf b = { 0 };
	struct fleet_entry e = { .kind = FLEET_STATEMENT }, p;
	uint8_t *note = calloc(1, 65535);
	e.note = (struct span){ note, 65535 - 6 };
	fleet_put_entry(&b, &e);
	cr_assert_eq(b.len, 65535);
	cr_assert_eq(fleet_parse_entry(buf_span(&b), &p), 0);
	buf_reset(&b);
	e.note.len++;
	fleet_put_entry(&b, &e);
	cr_assert_eq(fleet_parse_entry(buf_span(&b), &p), -EBADMSG);
	free(note);
}

Test(commit, the_leaf_of_a_head_is_the_hash_of_its_checkpoint_text)
{
	struct hash root, got, want;
	for (uint8_t i = 0; i < 32; i++)
		root.b[i] = i;
	commit_leaf(TEXT("acme/host/web1/1"), 9223372036854775807, &root, &got);
	merkle_leaf(
	        TEXT("acme/host/web1/1\n9223372036854775807\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"),
	        &want);
	cr_assert(hash_equal(&got, &want));
}

/* A fleet log of `size` entries, the last two thirds of them commits of five heads; receipts of any of them.
 */
#define LOG_MAX 12

struct log {
	struct signer key;
	struct buf entry[LOG_MAX];
	struct hash leaf[LOG_MAX], head[5], commit_root;
	size_t size;
};

static void log_done(struct log *l)
{
	for (size_t i = 0; i < LOG_MAX; i++)
		buf_done(&l->entry[i]);
}

static void log_make(struct log *l, size_t size)
{
	*l = (struct log){ .size = size };
	test_signer("acme/log", &l->key);
	for (size_t i = 0; i < 5; i++) {
		char origin[] = "acme/host/web0/1";
		origin[13] = (char)('0' + i);
		commit_leaf(span_str(origin), 10 + i, &(struct hash){ { H32 } }, &l->head[i]);
	}
	merkle_root(l->head, 5, &l->commit_root);
	for (size_t i = 0; i < size; i++) {
		struct fleet_entry e = {
			.kind = FLEET_COMMIT, .time_us = i, .root = l->commit_root, .heads = 5
		};
		if (i == 0)
			e = (struct fleet_entry){ .kind = FLEET_STATEMENT, .note = TEXT("genesis") };
		fleet_put_entry(&l->entry[i], &e);
		merkle_leaf(buf_span(&l->entry[i]), &l->leaf[i]);
	}
}

static int node_at(void *ctx, unsigned level, uint64_t index, struct hash *ret)
{
	merkle_root((struct hash *)ctx + (index << level), (size_t)1 << level, ret);
	return 0;
}

/* The receipt of head 2 in entry `index`; `note` takes the checkpoint. */
static struct receipt receipt_of(struct log *l, uint64_t index, uint64_t old, struct buf *note)
{
	struct receipt r = { .origin = TEXT("acme/host/web2/1"),
		             .size = 12,
		             .root = { { H32 } },
		             .position = 2,
		             .heads = 5,
		             .entry = buf_span(&l->entry[index]),
		             .index = index,
		             .old_size = old };
	cleanup_buf struct buf text = { 0 };
	const struct signer *signers[] = { &l->key };
	struct hash root;
	r.commit_path_len = merkle_path(l->head, 5, 2, r.commit_path);
	r.fleet_path_len = merkle_path(l->leaf, l->size, index, r.fleet_path);
	cr_assert_eq(
	        merkle_prove_consistency(node_at, l->leaf, old, l->size, r.consistency, &r.consistency_len),
	        0);
	merkle_root(l->leaf, l->size, &root);
	checkpoint_put_text(&text, "acme/log", l->size, &root);
	cr_assert_eq(note_put(note, buf_span(&text), signers, 1), 0);
	r.note = buf_span(note);
	return r;
}

static struct fleet_head head_at(struct log *l, size_t size)
{
	struct fleet_head h = { .size = size };
	merkle_root(l->leaf, size, &h.root);
	return h;
}

static enum receipt_verdict verdict(struct log *l, const struct receipt *r, struct fleet_head held)
{
	struct fleet_head now = { .size = 77 };
	enum receipt_verdict v = receipt_check(r, &l->key.key, &held, &now);
	struct fleet_head want = head_at(l, l->size);
	cr_assert(v == RECEIPT_OK ? now.size == l->size && hash_equal(&now.root, &want.root)
	                          : now.size == 77);
	return v;
}

Test(receipt, every_commit_is_proven_from_every_head_held_before)
{
	cleanup(log_done) struct log l;
	log_make(&l, LOG_MAX);
	for (uint64_t index = 1; index < LOG_MAX; index++) {
		for (uint64_t old = 0; old <= LOG_MAX; old++) {
			cleanup_buf struct buf note = { 0 };
			struct receipt r = receipt_of(&l, index, old, &note);
			cr_assert_eq(verdict(&l, &r, head_at(&l, old)), RECEIPT_OK);
		}
	}
}

Test(receipt, the_text_is_laid_out_as_the_format_says)
{
	struct receipt r = { .origin = TEXT("o"),
		             .size = 12,
		             .position = 1,
		             .heads = 2,
		             .commit_path_len = 1,
		             .entry = TEXT("foob"),
		             .index = 3,
		             .fleet_path_len = 2,
		             .old_size = 4,
		             .note = TEXT("note\n") };
	cleanup_buf struct buf b = { 0 };
	receipt_put(&b, &r);
#define ZERO "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
	cr_assert(bytes_equal(buf_span(&b),
	                      TEXT("swornlog-receipt/v1\norigin o\nhead 12 " ZERO "commit 1 2\n" ZERO "\n"
	                           "entry Zm9vYg==\nindex 3\n" ZERO ZERO "\nold 4\n\nnote\n")));
	cleanup_buf struct buf entry = { 0 };
	struct receipt p;
	cr_assert_eq(receipt_parse(buf_span(&b), &entry, &p), 0);
	cr_assert(span_is(p.origin, "o") && p.size == 12 && p.position == 1 && p.heads == 2 &&
	          p.commit_path_len == 1);
	cr_assert(span_is(p.entry, "foob") && p.index == 3 && p.fleet_path_len == 2 && p.old_size == 4);
	cr_assert(p.consistency_len == 0 && span_is(p.note, "note\n"));
}

Test(receipt, a_changed_text_is_malformed_or_fails_a_step)
{
	cleanup(log_done) struct log l;
	log_make(&l, 7);
	cleanup_buf struct buf note = { 0 }, text = { 0 }, entry = { 0 };
	struct receipt r = receipt_of(&l, 4, 3, &note), p;
	receipt_put(&text, &r);
	cr_assert_eq(receipt_parse(buf_span(&text), &entry, &p), 0);
	cr_assert_eq(verdict(&l, &p, head_at(&l, 3)), RECEIPT_OK);
	for (size_t bit = 0; bit < text.len * 8; bit++) {
		text.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (receipt_parse(buf_span(&text), &entry, &p) == 0)
			cr_assert_neq(verdict(&l, &p, head_at(&l, 3)), RECEIPT_OK, "bit %zu", bit);
		text.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (size_t whole = text.len; text.len > 0; text.len--) {
		if (text.len < whole && receipt_parse(buf_span(&text), &entry, &p) == 0)
			cr_assert_eq(verdict(&l, &p, head_at(&l, 3)), RECEIPT_BAD_NOTE);
	}
}

Test(receipt, each_step_has_its_verdict)
{
	cleanup(log_done) struct log l, shorter;
	log_make(&l, 9);
	log_make(&shorter, 6);
	cleanup_buf struct buf note = { 0 }, other_note = { 0 };
	const struct receipt good = receipt_of(&l, 5, 6, &note);
	struct fleet_head held = head_at(&l, 6), wrong_root = held;
	struct receipt r = good;
	cr_expect_eq(verdict(&l, &good, held), RECEIPT_OK);

	struct signer stranger;
	test_signer("acme/lag", &stranger);
	struct fleet_head now;
	cr_expect_eq(receipt_check(&good, &stranger.key, &held, &now), RECEIPT_BAD_NOTE);
	r.note.len--;
	cr_expect_eq(verdict(&l, &r, held), RECEIPT_BAD_NOTE);

	r = good, r.heads = 6;
	cr_expect_eq(verdict(&l, &r, held), RECEIPT_BAD_COMMIT);
	r = good, r.position = 5;
	cr_expect_eq(verdict(&l, &r, held), RECEIPT_BAD_COMMIT);
	r = good, r.position = 3;
	cr_expect_eq(verdict(&l, &r, held), RECEIPT_BAD_COMMIT);
	r = good, r.size++;
	cr_expect_eq(verdict(&l, &r, held), RECEIPT_BAD_COMMIT);
	r = good, r.origin = TEXT("acme/host/web3/1");
	cr_expect_eq(verdict(&l, &r, held), RECEIPT_BAD_COMMIT);
	r = good, r.commit_path_len--;
	cr_expect_eq(verdict(&l, &r, held), RECEIPT_BAD_COMMIT);
	r = good, r.entry = buf_span(&l.entry[0]);
	cr_expect_eq(verdict(&l, &r, held), RECEIPT_BAD_COMMIT);

	r = good, r.entry = buf_span(&l.entry[6]);
	cr_expect_eq(verdict(&l, &r, held), RECEIPT_BAD_INCLUSION);
	r = good, r.index = 4;
	cr_expect_eq(verdict(&l, &r, held), RECEIPT_BAD_INCLUSION);
	r = good, r.index = 9;
	cr_expect_eq(verdict(&l, &r, held), RECEIPT_BAD_INCLUSION);
	r = good, r.fleet_path[1].b[0] ^= 1;
	cr_expect_eq(verdict(&l, &r, held), RECEIPT_BAD_INCLUSION);

	r = good, r.old_size = 5;
	cr_expect_eq(verdict(&l, &r, held), RECEIPT_WRONG_OLD);
	cr_expect_eq(verdict(&l, &good, head_at(&l, 7)), RECEIPT_WRONG_OLD);
	cr_expect_eq(verdict(&l, &good, (struct fleet_head){ 0 }), RECEIPT_WRONG_OLD);
	wrong_root.root.b[0] ^= 1;
	cr_expect_eq(verdict(&l, &good, wrong_root), RECEIPT_INCONSISTENT);
	r = good, r.consistency_len--;
	cr_expect_eq(verdict(&l, &r, held), RECEIPT_INCONSISTENT);
	r = receipt_of(&shorter, 3, 6, &other_note);
	cr_expect_eq(verdict(&shorter, &r, head_at(&l, 7)), RECEIPT_WRONG_OLD);
	r.old_size = 7;
	cr_expect_eq(verdict(&shorter, &r, head_at(&l, 7)), RECEIPT_ROLLBACK);
}

/* The checkpoint of size `size` becomes the receipt's witnessed one. */
static void witness(struct log *l, struct receipt *r, size_t size, struct buf *note)
{
	size_t whole = l->size;
	cleanup_buf struct buf text = { 0 };
	const struct signer *signers[] = { &l->key };
	struct fleet_head then = head_at(l, size);
	checkpoint_put_text(&text, "acme/log", size, &then.root);
	cr_assert_eq(note_put(note, buf_span(&text), signers, 1), 0);
	cr_assert_eq(merkle_prove_consistency(node_at, l->leaf, size, whole, r->witnessed_proof,
	                                      &r->witnessed_proof_len),
	             0);
	r->has_witnessed = true;
	r->witnessed = buf_span(note);
}

Test(receipt, a_witnessed_checkpoint_of_any_size_is_proven_to_be_of_the_same_history)
{
	cleanup(log_done) struct log l;
	log_make(&l, LOG_MAX);
	for (size_t size = 1; size <= LOG_MAX; size++) {
		cleanup_buf struct buf note = { 0 }, witnessed = { 0 }, text = { 0 }, entry = { 0 };
		struct receipt r = receipt_of(&l, 4, 3, &note), p;
		witness(&l, &r, size, &witnessed);
		receipt_put(&text, &r);
		cr_assert_eq(receipt_parse(buf_span(&text), &entry, &p), 0);
		cr_assert(p.has_witnessed && span_equal(p.witnessed, r.witnessed));
		cr_assert_eq(verdict(&l, &p, head_at(&l, 3)), RECEIPT_OK, "size %zu", size);
	}
}

Test(receipt, a_changed_witnessed_part_is_malformed_or_fails_a_step)
{
	cleanup(log_done) struct log l;
	log_make(&l, 7);
	cleanup_buf struct buf note = { 0 }, witnessed = { 0 }, text = { 0 }, entry = { 0 };
	struct receipt r = receipt_of(&l, 4, 3, &note), p;
	witness(&l, &r, 5, &witnessed);
	receipt_put(&text, &r);
	cr_assert_eq(verdict(&l, &r, head_at(&l, 3)), RECEIPT_OK);
	for (size_t bit = 0; bit < text.len * 8; bit++) {
		text.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (receipt_parse(buf_span(&text), &entry, &p) == 0)
			cr_assert_neq(verdict(&l, &p, head_at(&l, 3)), RECEIPT_OK, "bit %zu", bit);
		text.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

Test(receipt, a_witnessed_checkpoint_of_another_log_size_or_history_has_its_verdict)
{
	cleanup(log_done) struct log l, other;
	log_make(&l, 7);
	log_make(&other, 7);
	cleanup_buf struct buf note = { 0 }, witnessed = { 0 }, forked = { 0 };
	struct receipt good = receipt_of(&l, 4, 3, &note), r;
	witness(&l, &good, 5, &witnessed);
	r = good, r.witnessed.len--;
	cr_expect_eq(verdict(&l, &r, head_at(&l, 3)), RECEIPT_BAD_WITNESSED);
	r = good, r.witnessed_proof_len--;
	cr_expect_eq(verdict(&l, &r, head_at(&l, 3)), RECEIPT_TWO_HISTORIES);
	other.leaf[2].b[0] ^= 1;
	r = good;
	witness(&other, &r, 5, &forked);
	cr_expect_eq(verdict(&l, &r, head_at(&l, 3)), RECEIPT_TWO_HISTORIES);
	buf_reset(&forked);
	witness(&l, &r, 7, &forked);
	struct log shorter = l;
	shorter.size = 6;
	cleanup_buf struct buf shorter_note = { 0 };
	struct receipt above = receipt_of(&shorter, 4, 3, &shorter_note);
	above.has_witnessed = true;
	above.witnessed = r.witnessed;
	cr_expect_eq(verdict(&shorter, &above, head_at(&l, 3)), RECEIPT_BAD_WITNESSED);
}

Test(receipt, a_sink_that_has_no_witnessed_checkpoint_yet_says_so)
{
	cleanup(log_done) struct log l;
	log_make(&l, 3);
	cleanup_buf struct buf note = { 0 }, text = { 0 }, entry = { 0 };
	struct receipt r = receipt_of(&l, 1, 0, &note), p;
	r.has_witnessed = true;
	receipt_put(&text, &r);
	cr_assert_eq(receipt_parse(buf_span(&text), &entry, &p), 0);
	cr_assert(p.has_witnessed && p.witnessed.len == 0);
	cr_assert_eq(verdict(&l, &p, (struct fleet_head){ 0 }), RECEIPT_OK);
}

Test(receipt, a_proof_is_not_wanted_from_who_holds_nothing)
{
	cleanup(log_done) struct log l;
	log_make(&l, 3);
	cleanup_buf struct buf note = { 0 };
	struct receipt r = receipt_of(&l, 1, 0, &note);
	cr_assert_eq(verdict(&l, &r, (struct fleet_head){ 0 }), RECEIPT_OK);
	r.consistency_len = 1;
	cr_assert_eq(verdict(&l, &r, (struct fleet_head){ 0 }), RECEIPT_WRONG_OLD);
}

Test(receipt, other_texts_are_refused)
{
	static const char *const wrong[] = {
		"",
		"swornlog-receipt/v2\n",
		"swornlog-receipt/v1\n",
#define START "swornlog-receipt/v1\norigin o\nhead 12 " ZERO
#define REST  "entry Zm9v\nindex 3\n\nold 4\n\nnote\n"
		"swornlog-receipt/v1\nOrigin o\nhead 12 " ZERO "commit 0 1\n\n" REST,
		"swornlog-receipt/v1\norigin o\nhead 012 " ZERO "commit 0 1\n\n" REST,
		"swornlog-receipt/v1\norigin o\nhead 12" ZERO "commit 0 1\n\n" REST,
		START "commit 0\n\n" REST,
		START "commit 0  1\n\n" REST,
		START "commit 0 1 \n\n" REST,
		START "commit 0 1\n" REST,
		START "commit 0 1\n\n\n" REST,
		START "commit 0 1\n" ZERO REST,
		START "commit 0 1\nAAAA\n\n" REST,
		START "commit 0 1\n\nentry Zm9\nindex 3\n\nold 4\n\nnote\n",
		START "commit 0 1\n\nentry Zm9v\nindex 03\n\nold 4\n\nnote\n",
		START "commit 0 1\n\nentry Zm9v\nindex 3\nold 4\n\nnote\n",
		START "commit 0 1\n\nentry Zm9v\nindex 3\n\nold -\n\nnote\n",
		START "commit 0 1\n\nentry Zm9v\nindex 3\n\nold 4\nnote\n",
#define TO_WITNESSED START "commit 0 1\n\nentry Zm9v\nindex 3\n\nold 4\n\n"
		TO_WITNESSED "witnessed 0\nnote\n",
		TO_WITNESSED "witnessed 00\n\nnote\n",
		TO_WITNESSED "witnessed -1\n\nnote\n",
		TO_WITNESSED "witnessed 9\nnote\n",
		TO_WITNESSED "witnessed 16385\n\nnote\n",
		TO_WITNESSED "witnessed 0\n" ZERO "\nnote\n",
		TO_WITNESSED "witnessed \n\nnote\n",
	};
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		cleanup_buf struct buf entry = { 0 };
		struct receipt r = { .size = 77 };
		cr_expect_eq(receipt_parse(span_str(wrong[i]), &entry, &r), -EBADMSG, "case %zu", i);
		cr_assert_eq(r.size, 77);
	}
}

static int parse_with_paths(size_t commit, size_t fleet, size_t consistency)
{
	cleanup_buf struct buf b = { 0 }, entry = { 0 };
	struct receipt p;
	buf_put_str(&b, START "commit 0 1\n");
	for (size_t i = 0; i < commit; i++)
		buf_put_str(&b, ZERO);
	buf_put_str(&b, "\nentry Zm9v\nindex 3\n");
	for (size_t i = 0; i < fleet; i++)
		buf_put_str(&b, ZERO);
	buf_put_str(&b, "\nold 4\n");
	for (size_t i = 0; i < consistency; i++)
		buf_put_str(&b, ZERO);
	buf_put_str(&b, "\nnote\n");
	return receipt_parse(buf_span(&b), &entry, &p);
}

Test(receipt, paths_and_size_are_bounded)
{
	cr_assert_eq(parse_with_paths(64, 64, 128), 0);
	cr_assert_eq(parse_with_paths(65, 0, 0), -EBADMSG);
	cr_assert_eq(parse_with_paths(0, 65, 0), -EBADMSG);
	cr_assert_eq(parse_with_paths(0, 0, 129), -EBADMSG);
	cleanup_buf struct buf b = { 0 }, entry = { 0 };
	struct receipt p;
	buf_put_str(&b, START "commit 0 1\n\nentry Zm9v\nindex 3\n\nold 4\n\n");
	while (b.len < RECEIPT_MAX_BYTES)
		buf_put_u8(&b, 'n');
	cr_assert_eq(receipt_parse(buf_span(&b), &entry, &p), 0);
	buf_put_u8(&b, 'n');
	cr_assert_eq(receipt_parse(buf_span(&b), &entry, &p), -EBADMSG);
}

Test(receipt, every_verdict_has_words)
{
	for (int v = RECEIPT_OK; v <= RECEIPT_TWO_HISTORIES; v++)
		cr_assert_str_neq(receipt_verdict_name((enum receipt_verdict)v), "unknown verdict");
	cr_assert_str_eq(receipt_verdict_name((enum receipt_verdict)99), "unknown verdict");
}

Test(conflict, the_text_is_laid_out_as_the_format_says)
{
	cleanup_buf struct buf b = { 0 }, none = { 0 };
	struct conflict c = {
		.reason = TEXT("fork"), .epoch = 2, .size = 7, .note = TEXT("a\nb\n"), .receipt = TEXT("r")
	};
	conflict_put(&b, &c);
	cr_assert(bytes_equal(
	        buf_span(&b),
	        TEXT("swornlog-conflict/v1\nreason fork\nepoch 2\nsize 7\nnote 4\na\nb\nreceipt 1\nr")));
	struct conflict p;
	cr_assert_eq(conflict_parse(buf_span(&b), &p), 0);
	cr_assert(span_is(p.reason, "fork") && p.epoch == 2 && p.size == 7);
	cr_assert(span_is(p.note, "a\nb\n") && span_is(p.receipt, "r"));
	conflict_put(&none, &(struct conflict){ .reason = TEXT("epoch") });
	cr_assert_eq(conflict_parse(buf_span(&none), &p), 0);
	cr_assert(p.note.len == 0 && p.receipt.len == 0);
}

Test(conflict, other_texts_are_refused)
{
	static const char *const wrong[] = {
		"",
		"swornlog-conflict/v2\nreason fork\nepoch 2\nsize 7\nnote 0\nreceipt 0\n",
		"swornlog-conflict/v1\nreason frok\nepoch 2\nsize 7\nnote 0\nreceipt 0\n",
		"swornlog-conflict/v1\nreason fork\nepoch 02\nsize 7\nnote 0\nreceipt 0\n",
		"swornlog-conflict/v1\nreason fork\nepoch 2\nsize\nnote 0\nreceipt 0\n",
		"swornlog-conflict/v1\nreason fork\nepoch 2\nsize 7\nnote 0\nreceipt 0",
		"swornlog-conflict/v1\nreason fork\nepoch 2\nsize 7\nnote 0\nreceipt 0\nx",
		"swornlog-conflict/v1\nreason fork\nepoch 2\nsize 7\nnote 0\nreceipt 1\n",
		"swornlog-conflict/v1\nreason fork\nepoch 2\nsize 7\nnote 1\nreceipt 0\n",
		"swornlog-conflict/v1\nreason fork\nepoch 2\nsize 7\nnote 16385\nreceipt 0\n",
		"swornlog-conflict/v1\nreason fork\nepoch 2\nsize 7\nnote 9223372036854775807\nreceipt 0\n",
		"swornlog-conflict/v1\nreason fork\nepoch 2\nsize 7\nnote 0\nreceipt 65537\n",
	};
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct conflict c = { .size = 77 };
		cr_expect_eq(conflict_parse(span_str(wrong[i]), &c), -EBADMSG, "case %zu", i);
		cr_assert_eq(c.size, 77);
	}
}

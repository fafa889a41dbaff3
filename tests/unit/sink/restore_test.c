#include "sink/restore.h"

#include "tests/unit/sink/kit.h"

static bool note_is_of(const struct kit *k, const char *origin)
{
	struct note n;
	struct checkpoint c;
	const struct buf *b = &k->core->log.note;
	return note_parse(buf_span(&*b), &n) == 0 && checkpoint_parse(n.text, &c) == 0 &&
	       span_is(c.origin, origin);
}

/* Open as `swornlog-sink restore` does, and then as the sink does. */
static int restore(struct kit *k, uint64_t generation)
{
	core_free(TAKE_PTR(k->core));
	cr_assert_eq(core_open(k->env, &k->options, &k->core, k->error, sizeof(k->error)), 0, "%s", k->error);
	int r = restore_begin(k->core, generation, k->error, sizeof(k->error));
	if (r == 0)
		kit_reopen(k);
	else
		core_free(TAKE_PTR(k->core));
	return r;
}

static void make(struct kit *k, struct host_log *h)
{
	kit_init(k);
	kit_host(k, "web1", h);
	cr_assert_eq(kit_append(k, h, &(struct host_log_batch){ .events = 2 }), 200);
}

Test(restore, the_log_goes_on_under_the_next_name)
{
	cleanup_kit struct kit k;
	struct host_log h;
	make(&k, &h);
	uint64_t size = k.core->log.frontier.size;
	cr_assert_eq(restore(&k, RESTORE_NEXT), 0, "%s", k.error);
	cr_expect_eq(k.core->generation, 2);
	cr_expect(note_is_of(&k, "acme/log/2"));
	cr_expect_eq(k.core->log.frontier.size, size + 2, "restored, and started");
	cr_assert_eq(kit_append(&k, &h, &(struct host_log_batch){ .events = 2 }), 200);
	cr_assert_eq(restore(&k, 7), 0, "%s", k.error);
	cr_expect(note_is_of(&k, "acme/log/7"));
	cr_assert_eq(restore(&k, RESTORE_NEXT), 0, "%s", k.error);
	cr_expect_eq(k.core->generation, 8);
}

Test(restore, the_name_stays_when_the_journal_changes)
{
	cleanup_kit struct kit k;
	struct host_log h;
	k = (struct kit){ 0 };
	kit_new(&k);
	k.options.journal_max_bytes = 2000;
	cr_assert_eq(kit_open(&k), 0);
	kit_host(&k, "web1", &h);
	cr_assert_eq(restore(&k, RESTORE_NEXT), 0, "%s", k.error);
	uint64_t number = k.core->journal.file.number;
	while (k.core->journal.file.number < number + 2) {
		cr_assert_eq(kit_append(&k, &h, &(struct host_log_batch){ .events = 2 }), 200);
		cr_assert_geq(core_rotate(k.core), 0);
	}
	kit_reopen(&k);
	cr_expect_eq(k.core->generation, 2);
	cr_expect(note_is_of(&k, "acme/log/2"));
}

Test(restore, a_name_that_was_used_and_an_empty_store_are_refused)
{
	cleanup_kit struct kit k;
	struct host_log h;
	make(&k, &h);
	cr_assert_eq(restore(&k, 3), 0);
	uint64_t size = k.core->log.frontier.size;
	cr_expect_eq(restore(&k, 3), -EINVAL);
	cr_expect_eq(restore(&k, 2), -EINVAL);
	cr_expect_eq(restore(&k, (uint64_t)1 << 33), -EINVAL);
	cr_assert_eq(kit_open(&k), 0);
	cr_expect_eq(k.core->log.frontier.size, size + 1, "nothing was written");
	cleanup_kit struct kit empty;
	kit_new(&empty);
	cr_assert_eq(core_open(empty.env, &empty.options, &empty.core, empty.error, sizeof(empty.error)), 0);
	cr_expect_eq(restore_begin(empty.core, RESTORE_NEXT, empty.error, sizeof(empty.error)), -ENOENT);
}

Test(restore, a_host_gets_receipts_of_the_new_name_and_is_told_what_is_here)
{
	cleanup_kit struct kit k;
	cleanup_buf struct buf body = { 0 }, answer = { 0 }, entry = { 0 };
	struct host_log h, later;
	struct conflict c;
	struct receipt r;
	struct fleet_head held = { .size = 1000 }, head;
	make(&k, &h);
	cr_assert_eq(restore(&k, RESTORE_NEXT), 0);
	later = h;
	host_log_batch(&later, &(struct host_log_batch){ .events = 1 }, &body);
	buf_reset(&body);
	host_log_batch(&later, &(struct host_log_batch){ .events = 1 }, &body);
	cr_assert_eq(kit_send(&k, "web1", &body, held.size, &answer), 409);
	cr_assert_eq(conflict_parse(buf_span(&answer), &c), 0);
	cr_expect_eq(c.size, h.tree.size);
	cr_assert_eq(receipt_parse(c.receipt, &entry, &r), 0);
	cr_expect_eq(receipt_check(&r, &k.fleet.log.key, &held, &head), RECEIPT_OK);
	cr_expect(head.generation == 2 && fleet_head_renews(&head, &held));
	cr_expect(span_equal(c.log, buf_span(&k.core->log.note)));
}

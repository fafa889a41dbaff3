#include <stdio.h>

#include "tests/unit/sink/kit.h"

static enum receipt_verdict check(const struct kit *k, const struct buf *answer, struct fleet_head *held,
                                  uint64_t *ret_size)
{
	cleanup_buf struct buf entry = { 0 };
	struct receipt r;
	struct fleet_head head;
	cr_assert_eq(receipt_parse(buf_span(&*answer), &entry, &r), 0);
	enum receipt_verdict v = receipt_check(&r, &k->fleet.log.key, held, &head);
	if (v == RECEIPT_OK)
		*held = head;
	*ret_size = r.size;
	return v;
}

static bool has_reason(const struct buf *answer, const char *reason, uint64_t size)
{
	struct conflict c;
	cr_assert_eq(conflict_parse(buf_span(&*answer), &c), 0);
	return span_is(c.reason, reason) && c.size == size;
}

static bool is_error(const struct buf *answer, const char *word)
{
	struct cursor c;
	cursor_init(&c, answer->data, answer->len);
	return span_is(cursor_line(&c), "swornlog-error/v1") && span_is(cursor_line(&c), word);
}

Test(append, a_receipt_proves_the_head_in_the_fleet_log)
{
	cleanup_kit struct kit k;
	kit_init(&k);
	struct host_log h;
	kit_host(&k, "web1", &h);
	struct fleet_head held = { 0 };
	for (unsigned i = 0; i < 20; i++) {
		cleanup_buf struct buf body = { 0 }, answer = { 0 };
		host_log_batch(&h, &(struct host_log_batch){ .events = i, .codec = (enum pack_codec)(i % 3) },
		               &body);
		cr_assert_eq(kit_send(&k, "web1", &body, held.size, &answer), 200);
		uint64_t size;
		cr_assert_eq(check(&k, &answer, &held, &size), RECEIPT_OK);
		cr_assert_eq(size, h.tree.size);
		cr_assert_eq(held.size, k.core->log.frontier.size);
	}
}

Test(append, hosts_of_one_commit_share_one_fleet_entry)
{
	cleanup_kit struct kit k;
	kit_init(&k);
	struct host_log h[5];
	struct append a[5];
	for (int i = 0; i < 5; i++)
		kit_host(&k, (char[]){ (char)('e' - i), 0 }, &h[i]);
	uint64_t before = k.core->log.frontier.size;
	for (int i = 0; i < 5; i++) {
		struct buf body = { 0 };
		host_log_batch(&h[i], &(struct host_log_batch){ .events = 2 }, &body);
		struct span name = { (const uint8_t *)h[i].origin.host, 1 };
		append_start(&a[i], k.core, hosts_find(&k.core->hosts, name), &body, 0);
		enum append_next next;
		while ((next = append_step(&a[i])) == APPEND_AGAIN)
			;
		cr_assert_eq(next, APPEND_WAIT);
	}
	cr_assert_eq(core_commit(k.core), 0);
	cr_assert_eq(k.core->log.frontier.size, before + 1);
	for (int i = 0; i < 5; i++) {
		append_settle(&a[i]);
		cr_assert_eq(a[i].answer.status, 200);
		uint64_t size;
		cr_expect_eq(check(&k, &a[i].answer.body, &(struct fleet_head){ 0 }, &size), RECEIPT_OK);
		append_done(&a[i]);
	}
}

Test(append, several_batches_come_in_one_request)
{
	cleanup_kit struct kit k;
	kit_init(&k);
	struct host_log h;
	kit_host(&k, "web1", &h);
	cleanup_buf struct buf body = { 0 }, answer = { 0 };
	for (int i = 0; i < 64; i++)
		host_log_batch(&h, &(struct host_log_batch){ .events = 1 }, &body);
	cr_assert_eq(kit_send(&k, "web1", &body, 0, &answer), 200);
	host_log_batch(&h, &(struct host_log_batch){ .events = 1 }, &body);
	cr_assert_eq(kit_send(&k, "web1", &body, 0, &answer), 413);
	cr_assert(is_error(&answer, "too-many"));
}

Test(append, a_duplicate_gets_a_receipt_and_is_not_stored_again)
{
	cleanup_kit struct kit k;
	kit_init(&k);
	struct host_log h;
	kit_host(&k, "web1", &h);
	cleanup_buf struct buf body = { 0 }, answer = { 0 };
	host_log_batch(&h, &(struct host_log_batch){ .events = 3 }, &body);
	cr_assert_eq(kit_send(&k, "web1", &body, 0, &answer), 200);
	uint64_t size = k.core->journal.size, got;
	cr_assert_eq(kit_send(&k, "web1", &body, 0, &answer), 200);
	cr_assert_eq(k.core->journal.size, size);
	cr_assert_eq(check(&k, &answer, &(struct fleet_head){ 0 }, &got), RECEIPT_OK);
	cr_assert_eq(got, h.tree.size);
}

Test(append, a_repeated_request_with_a_new_batch_at_its_end_stores_the_new_one)
{
	cleanup_kit struct kit k;
	kit_init(&k);
	struct host_log h;
	kit_host(&k, "web1", &h);
	cleanup_buf struct buf body = { 0 }, answer = { 0 };
	host_log_batch(&h, &(struct host_log_batch){ .events = 3 }, &body);
	cr_assert_eq(kit_send(&k, "web1", &body, 0, &answer), 200);
	host_log_batch(&h, &(struct host_log_batch){ .events = 3 }, &body);
	cr_assert_eq(kit_send(&k, "web1", &body, 0, &answer), 200);
	uint64_t got;
	cr_assert_eq(check(&k, &answer, &(struct fleet_head){ 0 }, &got), RECEIPT_OK);
	cr_assert_eq(got, h.tree.size);
}

Test(append, an_older_batch_alone_is_a_conflict_with_a_receipt_for_the_newest)
{
	cleanup_kit struct kit k;
	kit_init(&k);
	struct host_log h;
	kit_host(&k, "web1", &h);
	cleanup_buf struct buf first = { 0 }, answer = { 0 };
	host_log_batch(&h, &(struct host_log_batch){ .events = 3 }, &first);
	cr_assert_eq(kit_send(&k, "web1", &first, 0, NULL), 200);
	cr_assert_eq(kit_append(&k, &h, &(struct host_log_batch){ 0 }), 200);
	cr_assert_eq(kit_send(&k, "web1", &first, 0, &answer), 409);
	cr_assert(has_reason(&answer, "size", h.tree.size));
	struct conflict c;
	cr_assert_eq(conflict_parse(buf_span(&answer), &c), 0);
	cleanup_buf struct buf receipt = { 0 };
	buf_put(&receipt, c.receipt.data, c.receipt.len);
	uint64_t got;
	cr_assert_eq(check(&k, &receipt, &(struct fleet_head){ 0 }, &got), RECEIPT_OK);
	cr_assert_eq(got, h.tree.size);
}

Test(append, a_gap_is_a_conflict)
{
	cleanup_kit struct kit k;
	kit_init(&k);
	struct host_log h;
	kit_host(&k, "web1", &h);
	cleanup_buf struct buf skipped = { 0 }, body = { 0 }, answer = { 0 };
	host_log_batch(&h, &(struct host_log_batch){ .events = 3 }, &skipped);
	host_log_batch(&h, &(struct host_log_batch){ .events = 3 }, &body);
	cr_assert_eq(kit_send(&k, "web1", &body, 0, &answer), 409);
	cr_assert(has_reason(&answer, "size", 0));
}

static unsigned with_fault(enum host_log_fault fault, enum pack_codec codec, const char *word)
{
	cleanup_kit struct kit k;
	kit_init(&k);
	struct host_log h;
	kit_host(&k, "web1", &h);
	cleanup_buf struct buf body = { 0 }, answer = { 0 };
	host_log_batch(&h, &(struct host_log_batch){ .events = 9, .fault = fault, .codec = codec }, &body);
	uint64_t size = k.core->journal.size;
	unsigned status = kit_send(&k, "web1", &body, 0, &answer);
	cr_expect(is_error(&answer, word), "%.*s", (int)answer.len, (char *)answer.data);
	cr_expect_eq(k.core->journal.size, size);
	/* Nothing stuck: the good batch is taken. */
	cr_expect_eq(kit_append(&k, &h, &(struct host_log_batch){ .events = 9 }), 200);
	return status;
}

Test(append, a_batch_that_does_not_verify_is_refused_and_not_stored)
{
	cr_expect_eq(with_fault(HOST_LOG_WRONG_ROOT, PACK_NONE, "wrong-root"), 422);
	cr_expect_eq(with_fault(HOST_LOG_FOREIGN_SEAL, PACK_ZSTD, "wrong-seal"), 422);
	cr_expect_eq(with_fault(HOST_LOG_BAD_SEAL, PACK_NONE, "wrong-seal"), 422);
	cr_expect_eq(with_fault(HOST_LOG_NO_SEAL, PACK_DEFLATE, "wrong-seal"), 422);
	cr_expect_eq(with_fault(HOST_LOG_FOREIGN_IDENTITY, PACK_NONE, "wrong-identity"), 422);
	cr_expect_eq(with_fault(HOST_LOG_NO_IDENTITY, PACK_NONE, "wrong-identity"), 422);
	cr_expect_eq(with_fault(HOST_LOG_NO_SEAL_ENTRY, PACK_NONE, "no-seal-entry"), 422);
	cr_expect_eq(with_fault(HOST_LOG_NO_EPOCH_ENTRY, PACK_NONE, "no-epoch-entry"), 422);
	cr_expect_eq(with_fault(HOST_LOG_SHORT_RAW, PACK_ZSTD, "malformed"), 400);
	cr_expect_eq(with_fault(HOST_LOG_BOMB, PACK_ZSTD, "malformed"), 400);
	cr_expect_eq(with_fault(HOST_LOG_BOMB, PACK_DEFLATE, "malformed"), 400);
}

Test(append, good_batches_before_a_bad_one_are_kept)
{
	cleanup_kit struct kit k;
	kit_init(&k);
	struct host_log h;
	kit_host(&k, "web1", &h);
	cleanup_buf struct buf body = { 0 };
	host_log_batch(&h, &(struct host_log_batch){ .events = 3 }, &body);
	uint64_t size = h.tree.size;
	host_log_batch(&h, &(struct host_log_batch){ .events = 3, .fault = HOST_LOG_BAD_SEAL }, &body);
	cr_assert_eq(kit_send(&k, "web1", &body, 0, NULL), 422);
	cr_assert_eq(core_commit(k.core), 0);
	cr_assert_eq(k.core->hosts.row[0]->head.size, size);
}

Test(append, every_flipped_bit_of_a_batch_is_refused)
{
	cleanup_kit struct kit k;
	kit_init(&k);
	struct host_log h;
	kit_host(&k, "web1", &h);
	cleanup_buf struct buf body = { 0 };
	host_log_batch(&h, &(struct host_log_batch){ .events = 2, .codec = PACK_ZSTD }, &body);
	for (size_t i = 0; i < body.len; i++) {
		body.data[i] ^= (uint8_t)(1u << (i % 8));
		unsigned status = kit_send(&k, "web1", &body, 0, NULL);
		cr_assert_neq(status, 200, "byte %zu", i);
		cr_assert_neq(status, 503, "byte %zu", i);
		body.data[i] ^= (uint8_t)(1u << (i % 8));
	}
	cr_assert_eq(kit_send(&k, "web1", &body, 0, NULL), 200);
}

Test(append, every_cut_of_a_request_is_malformed)
{
	cleanup_kit struct kit k;
	kit_init(&k);
	struct host_log h;
	kit_host(&k, "web1", &h);
	cleanup_buf struct buf body = { 0 };
	host_log_batch(&h, &(struct host_log_batch){ .events = 2 }, &body);
	size_t whole = body.len;
	for (body.len = 0; body.len < whole; body.len++)
		cr_assert_eq(kit_send(&k, "web1", &body, 0, NULL), 400, "at %zu", body.len);
	buf_put_u8(&body, 0);
	cr_assert_eq(kit_send(&k, "web1", &body, 0, NULL), 400);
}

Test(append, another_hosts_batches_are_forbidden)
{
	cleanup_kit struct kit k;
	kit_init(&k);
	struct host_log a, b, other;
	kit_host(&k, "web1", &a);
	kit_host(&k, "web2", &b);
	host_log_init(&other, "umbrella", "web1", 1);
	cleanup_buf struct buf body = { 0 }, foreign = { 0 }, answer = { 0 };
	host_log_batch(&b, &(struct host_log_batch){ .events = 2 }, &body);
	cr_assert_eq(kit_send(&k, "web1", &body, 0, &answer), 403);
	cr_assert(is_error(&answer, "other-host"));
	host_log_batch(&other, &(struct host_log_batch){ .events = 2 }, &foreign);
	cr_assert_eq(kit_send(&k, "web1", &foreign, 0, &answer), 403);
}

Test(append, batches_of_two_origins_or_with_a_gap_are_malformed)
{
	cleanup_kit struct kit k;
	kit_init(&k);
	struct host_log a, b;
	kit_host(&k, "web1", &a);
	host_log_init(&b, "acme", "web1", 2);
	cleanup_buf struct buf two = { 0 }, gap = { 0 }, dropped = { 0 };
	host_log_batch(&a, &(struct host_log_batch){ .events = 2 }, &two);
	buf_put(&gap, two.data, two.len);
	host_log_batch(&b, &(struct host_log_batch){ .events = 2 }, &two);
	cr_assert_eq(kit_send(&k, "web1", &two, 0, NULL), 400);
	host_log_batch(&a, &(struct host_log_batch){ .events = 2 }, &dropped);
	host_log_batch(&a, &(struct host_log_batch){ .events = 2 }, &gap);
	cr_assert_eq(kit_send(&k, "web1", &gap, 0, NULL), 400);
}

Test(append, a_new_epoch_is_taken_and_the_old_one_is_then_refused)
{
	cleanup_kit struct kit k;
	kit_init(&k);
	struct host_log one, two;
	kit_host(&k, "web1", &one);
	cr_assert_eq(kit_append(&k, &one, &(struct host_log_batch){ .events = 2 }), 200);
	host_log_init(&two, "acme", "web1", 5);
	cleanup_buf struct buf answer = { 0 }, body = { 0 };
	host_log_batch(&two, &(struct host_log_batch){ .events = 2 }, &body);
	cr_assert_eq(kit_send(&k, "web1", &body, 0, &answer), 200);
	uint64_t got;
	cr_assert_eq(check(&k, &answer, &(struct fleet_head){ 0 }, &got), RECEIPT_OK);
	buf_reset(&body);
	host_log_batch(&one, &(struct host_log_batch){ .events = 2 }, &body);
	cr_assert_eq(kit_send(&k, "web1", &body, 0, &answer), 409);
	cr_assert(has_reason(&answer, "epoch", two.tree.size));
}

Test(append, a_new_epoch_must_begin_at_its_beginning)
{
	cleanup_kit struct kit k;
	kit_init(&k);
	struct host_log one, two;
	kit_host(&k, "web1", &one);
	host_log_init(&two, "acme", "web1", 2);
	cleanup_buf struct buf lost = { 0 }, body = { 0 }, answer = { 0 };
	host_log_batch(&two, &(struct host_log_batch){ .events = 2 }, &lost);
	host_log_batch(&two, &(struct host_log_batch){ .events = 2 }, &body);
	cr_assert_eq(kit_send(&k, "web1", &body, 0, &answer), 409);
	cr_assert(has_reason(&answer, "size", 0));
}

Test(append, a_fork_is_refused_kept_and_told_to_the_fleet)
{
	cleanup_kit struct kit k;
	kit_init(&k);
	struct host_log h;
	kit_host(&k, "web1", &h);
	cr_assert_eq(kit_append(&k, &h, &(struct host_log_batch){ .events = 2 }), 200);
	struct host_log copy = h;
	cr_assert_eq(kit_append(&k, &h, &(struct host_log_batch){ .events = 2 }), 200);
	char name[64];
	for (unsigned i = 0; i < 20; i++) {
		struct host_log evil = copy;
		evil.branch = i + 1;
		cleanup_buf struct buf body = { 0 }, answer = { 0 };
		host_log_batch(&evil, &(struct host_log_batch){ .events = 2 }, &body);
		cr_assert_eq(evil.tree.size, h.tree.size);
		cr_assert_eq(kit_send(&k, "web1", &body, 0, &answer), 409);
		cr_assert(has_reason(&answer, "fork", h.tree.size));
		size_t n;
		snprintf(name, sizeof(name), "store/forks/web1.1.%llu.%u", (unsigned long long)h.tree.size,
		         i);
		uint8_t *kept = fault_env_content(k.env, name, &n);
		cr_assert_eq(kept != NULL, i < 16);
		cr_assert(i != 0 || (n == body.len && memcmp(kept, body.data, n) == 0));
		cr_assert(i == 0 || !kept || n < 1024);
		/* The same once more: known already. */
		cr_assert_eq(kit_send(&k, "web1", &body, 0, &answer), 409);
	}
	snprintf(name, sizeof(name), "store/forks/web1.1.%llu.16", (unsigned long long)h.tree.size);
	cr_assert_not(fault_env_exists(k.env, name));
	cr_assert_eq(k.core->commit.planned_count, 16);
}

/* One fork at each of n sizes; returns how many are kept. */
static size_t fork_at_each_size(struct kit *k, struct host_log *h, size_t n)
{
	size_t kept = 0;
	for (size_t i = 0; i < n; i++) {
		struct host_log evil = *h;
		evil.branch = 1;
		cleanup_buf struct buf body = { 0 };
		char name[96];
		host_log_batch(&evil, &(struct host_log_batch){ .events = 1 }, &body);
		cr_assert_eq(kit_append(k, h, &(struct host_log_batch){ .events = 1 }), 200);
		cr_assert_eq(kit_send(k, h->origin.host, &body, 0, NULL), 409);
		snprintf(name, sizeof(name), "store/forks/%s.1.%llu.0", h->origin.host,
		         (unsigned long long)h->tree.size);
		kept += fault_env_exists(k->env, name);
	}
	return kept;
}

Test(append, one_hosts_forks_do_not_fill_the_disk_nor_take_the_room_of_anothers)
{
	cleanup_kit struct kit k;
	kit_init(&k);
	struct host_log one, two;
	kit_host(&k, "web.1", &one);
	kit_host(&k, "web", &two);
	cr_assert_eq(fork_at_each_size(&k, &one, 300), 256);
	cr_assert_eq(fork_at_each_size(&k, &two, 2), 2);
}

Test(append, a_full_disk_loses_nothing_and_goes_on_when_there_is_room)
{
	cleanup_kit struct kit k;
	kit_init(&k);
	struct host_log h;
	kit_host(&k, "web1", &h);
	cr_assert_eq(kit_append(&k, &h, &(struct host_log_batch){ .events = 2 }), 200);
	uint64_t size = k.core->log.frontier.size;
	cleanup_buf struct buf body = { 0 }, answer = { 0 };
	host_log_batch(&h, &(struct host_log_batch){ .events = 50 }, &body);
	fault_env_space(k.env, 300);
	cr_assert_eq(kit_send(&k, "web1", &body, 0, &answer), 503);
	cr_assert_eq(k.core->log.frontier.size, size);
	cr_assert_not(k.core->dead);
	fault_env_space(k.env, UINT64_MAX);
	cr_assert_eq(kit_send(&k, "web1", &body, 0, &answer), 200);
	kit_reopen(&k);
	cr_assert_eq(k.core->hosts.row[0]->head.size, h.tree.size);
}

Test(append, below_the_free_space_kept_nothing_is_written)
{
	cleanup_kit struct kit k;
	kit_init(&k);
	struct host_log h;
	kit_host(&k, "web1", &h);
	k.core->store.min_free_bytes = 1000000;
	fault_env_space(k.env, 999999);
	uint64_t writes = fault_env_calls(k.env, FAULT_PWRITE);
	cr_assert_eq(kit_append(&k, &h, &(struct host_log_batch){ .events = 2 }), 503);
	cr_assert_eq(fault_env_calls(k.env, FAULT_PWRITE), writes);
}

Test(append, after_a_failed_sync_there_is_no_receipt_and_no_second_try)
{
	cleanup_kit struct kit k;
	kit_init(&k);
	struct host_log h;
	kit_host(&k, "web1", &h);
	fault_env_fail(k.env, FAULT_DATASYNC, 1, -EIO);
	uint64_t syncs = fault_env_calls(k.env, FAULT_DATASYNC);
	cleanup_buf struct buf body = { 0 };
	host_log_batch(&h, &(struct host_log_batch){ .events = 2 }, &body);
	cr_assert_eq(kit_send(&k, "web1", &body, 0, NULL), 503);
	cr_assert(k.core->dead);
	cr_assert_eq(kit_send(&k, "web1", &body, 0, NULL), 503);
	cr_assert_eq(fault_env_calls(k.env, FAULT_DATASYNC), syncs + 1);
	fault_env_power_cut(k.env, FAULT_CUT_DROP, 1);
	kit_reopen(&k);
	cr_assert_eq(kit_send(&k, "web1", &body, 0, NULL), 200);
}

Test(append, a_host_that_holds_more_than_the_fleet_log_has_can_tell)
{
	cleanup_kit struct kit k;
	kit_init(&k);
	struct host_log h;
	kit_host(&k, "web1", &h);
	cleanup_buf struct buf body = { 0 }, answer = { 0 };
	host_log_batch(&h, &(struct host_log_batch){ .events = 2 }, &body);
	cr_assert_eq(kit_send(&k, "web1", &body, 1000, &answer), 200);
	uint64_t got;
	cr_assert_eq(check(&k, &answer, &(struct fleet_head){ .size = 1000 }, &got), RECEIPT_ROLLBACK);
}

#include "sink/announce.h"

#include "evidence/announcement.h"
#include "tests/unit/sink/kit.h"

/* The next batch of the host, and the note in it. */
static void make(struct host_log *h, const struct host_log_batch *what, struct buf *batch, struct buf *note)
{
	struct batch b;
	buf_reset(batch);
	host_log_batch(h, what, batch);
	cr_assert_gt(batch_parse(buf_span(&*batch), &b), 0);
	buf_put(note, b.note_bytes.data, b.note_bytes.len);
}

static unsigned announce(struct kit *k, const struct buf *note, struct buf *ret_answer)
{
	return kit_ask(k, APPEND_ANNOUNCEMENT, "web1", note, 0, ret_answer);
}

static const struct host_log_batch signed_batch = { .events = 2, .identity = true };

Test(announce, a_head_is_in_the_fleet_log_before_its_data)
{
	cleanup_kit struct kit k;
	cleanup_buf struct buf batch = { 0 }, note = { 0 }, answer = { 0 };
	struct host_log h;
	kit_init(&k);
	kit_host(&k, "web1", &h);
	make(&h, &signed_batch, &batch, &note);
	uint64_t before = k.core->log.frontier.size;
	cr_expect_eq(announce(&k, &note, &answer), 200);
	cr_expect(span_starts(buf_span(&answer), "swornlog-announced/v1\nsize "));
	cr_expect_eq(k.core->log.frontier.size, before + 1);
	cr_expect(memmem(k.core->log.bundle.data, k.core->log.bundle.len, note.data, note.len));
	cr_expect_eq(kit_send(&k, "web1", &batch, 0, NULL), 200);
	kit_reopen(&k);
	cr_expect_eq(k.core->hosts.row[0]->head.size, h.tree.size);
}

Test(announce, what_is_known_takes_no_second_entry)
{
	cleanup_kit struct kit k;
	cleanup_buf struct buf first = { 0 }, second = { 0 }, note = { 0 }, next = { 0 };
	struct host_log h;
	kit_init(&k);
	kit_host(&k, "web1", &h);
	make(&h, &signed_batch, &first, &note);
	make(&h, &signed_batch, &second, &next);
	cr_expect_eq(kit_send(&k, "web1", &first, 0, NULL), 200);
	uint64_t before = k.core->log.frontier.size;
	cr_expect_eq(announce(&k, &note, NULL), 200, "its data is here");
	cr_expect_eq(k.core->log.frontier.size, before);
	cr_expect_eq(announce(&k, &next, NULL), 200);
	cr_expect_eq(announce(&k, &next, NULL), 200);
	cr_expect_eq(k.core->log.frontier.size, before + 1);
}

Test(announce, a_host_can_not_fill_the_fleet_log)
{
	cleanup_kit struct kit k;
	struct host_log h;
	unsigned taken = 0;
	kit_init(&k);
	kit_host(&k, "web1", &h);
	for (unsigned i = 0; i < 40; i++) {
		cleanup_buf struct buf batch = { 0 }, note = { 0 };
		make(&h, &signed_batch, &batch, &note);
		unsigned status = announce(&k, &note, NULL);
		cr_assert(status == 200 || status == 429);
		taken += status == 200;
		fault_env_tick(k.env, ANNOUNCE_EVERY_US / 10);
	}
	cr_expect_eq(taken, 4);
}

Test(announce, only_what_the_identity_key_has_signed_is_taken)
{
	cleanup_kit struct kit k;
	struct host_log h, other;
	kit_init(&k);
	kit_host(&k, "web1", &h);
	kit_host(&k, "web2", &other);
	uint64_t before = k.core->log.frontier.size;
	cleanup_buf struct buf plain = { 0 }, batch = { 0 }, note = { 0 }, bad = { 0 };
	make(&h, &signed_batch, &batch, &note);
	make(&h, &(struct host_log_batch){ .events = 1 }, &batch, &plain);
	cr_expect_eq(announce(&k, &plain, NULL), 400, "no line of the identity key");
	/* The seal key's line is not looked at but for its name and form. */
	const uint8_t *seal = memmem(note.data, note.len, "/seal ", 6);
	size_t from = (size_t)(seal - note.data) + 6, to = from + 92;
	for (size_t i = 0; i < note.len; i++) {
		if (i >= from && i < to)
			continue;
		buf_reset(&bad);
		buf_put(&bad, note.data, note.len);
		bad.data[i] ^= 1;
		unsigned status = announce(&k, &bad, NULL);
		cr_expect(status == 400 || status == 403 || status == 422, "byte %zu: %u", i, status);
	}
	buf_reset(&note);
	make(&other, &signed_batch, &batch, &note);
	cr_expect_eq(announce(&k, &note, NULL), 403);
	cr_expect_eq(k.core->log.frontier.size, before);
}

Test(announce, without_room_it_is_not_said_to_be_durable)
{
	cleanup_kit struct kit k;
	cleanup_buf struct buf batch = { 0 }, note = { 0 };
	struct host_log h;
	kit_init(&k);
	kit_host(&k, "web1", &h);
	make(&h, &signed_batch, &batch, &note);
	uint64_t before = k.core->log.frontier.size;
	fault_env_fail(k.env, FAULT_PWRITE, 1, -ENOSPC);
	cr_expect_eq(announce(&k, &note, NULL), 503);
	cr_expect_eq(k.core->log.frontier.size, before);
	cr_expect_eq(announce(&k, &note, NULL), 200);
	cr_expect_eq(k.core->log.frontier.size, before + 1);
}

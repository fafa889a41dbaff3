#include "shipper/shipper.h"

#include <criterion/criterion.h>

#include "shipper/gather.h"

#define SECOND ((uint64_t)1000000)

static struct shipper s;
static struct shipper_step step;
static struct buf out;
static uint64_t now;

static void setup(void)
{
	now = 5 * SECOND;
	shipper_init(&s, 1);
}

static void teardown(void)
{
	buf_done(&out);
}

TestSuite(shipper, .init = setup, .fini = teardown);

static void ship_from(uint32_t epoch, uint64_t first)
{
	struct uplink_message m = { .type = UPLINK_SHIP_FROM, .epoch = epoch, .first = first };
	cr_assert_eq(shipper_message(&s, now, &m), 0);
}

static void ready(uint32_t epoch, uint64_t first, uint64_t held)
{
	struct uplink_message m = { .type = UPLINK_READY, .epoch = epoch, .first = first, .held = held };
	cr_assert_eq(shipper_message(&s, now, &m), 0);
}

static void expect_wait(uint64_t until)
{
	shipper_next(&s, now, &step);
	cr_expect_eq(step.what, SHIPPER_DO_WAIT);
	cr_expect_eq(step.until_us, until);
}

static void expect_post(uint32_t epoch, uint64_t first, uint64_t held, size_t limit)
{
	shipper_next(&s, now, &step);
	cr_assert_eq(step.what, SHIPPER_DO_POST);
	cr_expect_eq(step.from.epoch, epoch);
	cr_expect_eq(step.from.first, first);
	cr_expect_eq(step.held, held);
	cr_expect_eq(step.limit, limit);
}

/* Comes after a failure: some wait, then the same again. */
static uint64_t expect_back_off(void)
{
	shipper_next(&s, now, &step);
	cr_assert_eq(step.what, SHIPPER_DO_WAIT);
	cr_assert(step.until_us > now && step.until_us != SHIPPER_NEVER);
	uint64_t waited = step.until_us - now;
	now = step.until_us;
	shipper_next(&s, now, &step);
	cr_expect_eq(step.what, SHIPPER_DO_POST);
	return waited;
}

static struct uplink_message answer(unsigned status, const char *body, uint64_t retry_after_s)
{
	struct answer a = { status, retry_after_s, { (const uint8_t *)body, strlen(body) } };
	struct shipper_place sent = { step.from.epoch, step.from.first };
	struct uplink_message m = { 0 };
	buf_reset(&out);
	shipper_answer(&s, now, &sent, 3, 100, &a, &out);
	if (out.len > 0)
		cr_assert_eq(uplink_parse((struct span){ out.data, out.len }, &m), (ssize_t)out.len);
	return m;
}

static void begin(void)
{
	shipper_sealer_connected(&s);
	ship_from(1, 10);
	ready(1, 40, 7);
	expect_post(1, 10, 7, 64);
}

Test(shipper, nothing_is_sent_before_the_sealer_has_said_all)
{
	expect_wait(SHIPPER_NEVER);
	shipper_sealer_connected(&s);
	expect_wait(SHIPPER_NEVER);
	ship_from(1, 10);
	expect_wait(SHIPPER_NEVER);
	ready(1, 40, 7);
	expect_post(1, 10, 7, 64);
}

Test(shipper, a_receipt_goes_to_the_sealer_who_says_where_to_go_on)
{
	begin();
	struct uplink_message m = answer(200, "receipt", 0);
	cr_expect_eq(m.type, UPLINK_RECEIPT);
	cr_expect(span_is(m.body, "receipt"));
	expect_wait(now + 30 * SECOND);
	ship_from(1, 40);
	ready(1, 40, 8);
	expect_post(1, 40, 8, 64);
	cr_expect_eq(s.link, SHIPPER_LINK_GOOD);
	cr_expect_eq(s.count.batches, 3);
	cr_expect_eq(s.count.bytes, 100);
}

Test(shipper, it_rests_when_all_is_shipped_and_wakes_on_a_nudge)
{
	begin();
	answer(200, "receipt", 0);
	ship_from(1, 50);
	ready(1, 40, 8);
	expect_wait(SHIPPER_NEVER);
	cr_expect_eq(s.state, SHIPPER_IDLE);
	ready(1, 50, 8);
	expect_post(1, 50, 8, 64);
}

Test(shipper, a_new_epoch_is_shipped_from_its_start)
{
	begin();
	answer(200, "receipt", 0);
	ship_from(2, 0);
	ready(2, 0, 8);
	expect_post(2, 0, 8, 64);
}

Test(shipper, a_silent_sealer_is_connected_to_anew)
{
	begin();
	answer(200, "receipt", 0);
	now += 30 * SECOND;
	shipper_next(&s, now, &step);
	cr_expect_eq(step.what, SHIPPER_DO_RECONNECT);
	shipper_sealer_gone(&s);
	expect_wait(SHIPPER_NEVER);
	begin();
}

Test(shipper, a_receipt_that_the_sealer_does_not_take_is_no_tight_loop)
{
	begin();
	answer(200, "receipt", 0);
	ship_from(1, 10);
	uint64_t first = expect_back_off();
	cr_expect(first >= SECOND / 4 && first <= SECOND / 2);
	answer(200, "receipt", 0);
	ship_from(1, 10);
	cr_expect(expect_back_off() >= SECOND / 2);
}

Test(shipper, a_conflict_goes_to_the_sealer_with_its_place)
{
	begin();
	struct uplink_message m = answer(409, "conflict", 0);
	cr_expect_eq(m.type, UPLINK_CONFLICT);
	cr_expect_eq(m.epoch, 1);
	cr_expect_eq(m.first, 10);
	cr_expect(span_is(m.body, "conflict"));
	cr_expect_eq(s.link, SHIPPER_LINK_CONFLICT);
	ship_from(1, 20);
	expect_post(1, 20, 7, 64);
}

Test(shipper, a_refusal_is_told_and_then_one_batch_is_sent_at_a_time)
{
	static const unsigned REFUSALS[] = { 400, 403, 413, 422 };
	for (size_t i = 0; i < ARRAY_SIZE(REFUSALS); i++) {
		begin();
		struct uplink_message m = answer(REFUSALS[i], "why", 0);
		cr_expect_eq(m.type, UPLINK_REFUSED);
		cr_expect_eq(m.status, REFUSALS[i]);
		cr_expect_eq(m.first, 10);
		cr_expect(span_is(m.body, "why"));
		cr_expect_eq(s.link, SHIPPER_LINK_REFUSED);
		ship_from(1, 10);
		expect_back_off();
		cr_expect_eq(step.limit, 1);
		answer(200, "receipt", 0);
		ship_from(1, 20);
		expect_post(1, 20, 7, GATHER_MAX_BATCHES);
		setup();
	}
}

Test(shipper, a_long_refusal_is_cut)
{
	static char body[10000];
	memset(body, 'x', sizeof(body) - 1);
	begin();
	cr_expect_eq(answer(400, body, 0).body.len, 4096);
}

Test(shipper, a_full_sink_is_asked_again_when_it_said)
{
	begin();
	cr_expect_eq(answer(503, "full", 20).type, 0);
	cr_expect_eq(s.link, SHIPPER_LINK_BUSY);
	uint64_t waited = expect_back_off();
	cr_expect(waited >= 20 * SECOND && waited <= 21 * SECOND);
}

Test(shipper, a_sink_cannot_silence_a_host_for_long)
{
	begin();
	answer(503, "full", 1000000);
	cr_expect_leq(expect_back_off(), 301 * SECOND);
}

Test(shipper, without_an_answer_it_waits_longer_and_longer)
{
	begin();
	uint64_t last = 0;
	for (int i = 0; i < 20; i++) {
		cr_expect_eq(answer(0, "", 0).type, 0);
		cr_expect_eq(s.link, SHIPPER_LINK_DOWN);
		last = expect_back_off();
	}
	cr_expect(last >= 15 * SECOND && last <= 30 * SECOND);
	cr_expect_eq(s.count.failures, 20);
	answer(200, "receipt", 0);
	ship_from(1, 40);
	expect_post(1, 40, 7, 64);
	answer(0, "", 0);
	cr_expect_leq(expect_back_off(), SECOND / 2);
}

Test(shipper, an_answer_that_is_not_in_the_protocol_is_a_failure)
{
	static const unsigned STRANGE[] = { 201, 204, 301, 404, 405, 500, 999 };
	begin();
	for (size_t i = 0; i < ARRAY_SIZE(STRANGE); i++) {
		cr_expect_eq(answer(STRANGE[i], "<html>", 0).type, 0);
		cr_expect_eq(s.link, SHIPPER_LINK_STRANGE);
		expect_back_off();
	}
}

Test(shipper, batches_that_cannot_be_read_are_tried_again_later)
{
	begin();
	shipper_unreadable(&s, now);
	cr_expect_leq(expect_back_off(), SECOND / 2);
	cr_expect_eq(s.count.requests, 0);
}

Test(shipper, a_nudge_does_not_shorten_the_back_off)
{
	begin();
	answer(0, "", 0);
	ready(1, 50, 7);
	ship_from(1, 10);
	shipper_next(&s, now, &step);
	cr_expect_eq(step.what, SHIPPER_DO_WAIT);
}

Test(shipper, what_only_a_shipper_says_is_malformed_from_a_sealer)
{
	struct uplink_message m = { .type = UPLINK_RECEIPT };
	cr_expect_eq(shipper_message(&s, now, &m), -EBADMSG);
	m.type = UPLINK_CONFLICT;
	cr_expect_eq(shipper_message(&s, now, &m), -EBADMSG);
	m.type = UPLINK_REFUSED;
	cr_expect_eq(shipper_message(&s, now, &m), -EBADMSG);
}

static bool announced(unsigned status, uint32_t epoch, uint64_t end)
{
	struct answer a = { .status = status };
	return shipper_announced(&s, now, &(struct shipper_place){ epoch, end }, &a);
}

Test(shipper, the_head_of_a_backlog_is_announced_once_before_its_data)
{
	begin();
	cr_expect_not(shipper_announces(&s, &(struct shipper_place){ 1, 50 }), "one request takes all");
	const struct shipper_place end = { 1, 40 };
	cr_assert(shipper_announces(&s, &end), "the newest batch begins where this request ends");
	cr_expect(announced(200, 1, 47));
	cr_expect_not(shipper_announces(&s, &end));
	expect_post(1, 10, 7, 64);
	answer(200, "receipt", 0);
	ship_from(1, 40);
	ready(1, 90, 8);
	expect_post(1, 40, 8, 64);
	cr_expect_not(shipper_announces(&s, &(struct shipper_place){ 1, 60 }),
	              "what was announced is not drained yet");
	answer(200, "receipt", 0);
	ship_from(1, 47);
	cr_expect(shipper_announces(&s, &(struct shipper_place){ 1, 60 }), "a new backlog");
	cr_expect(shipper_announces(&s, &(struct shipper_place){ 1, 90 }));
	cr_expect_eq(s.count.announced, 1);
}

Test(shipper, a_sink_that_takes_no_announcement_gets_the_data_and_one_that_is_down_does_not)
{
	const unsigned go_on[] = { 200, 400, 403, 404, 422, 429 }, wait[] = { 0, 503 };
	for (size_t i = 0; i < ARRAY_SIZE(go_on); i++) {
		setup();
		begin();
		cr_expect(announced(go_on[i], 1, 47), "%u", go_on[i]);
		expect_post(1, 10, 7, 64);
	}
	for (size_t i = 0; i < ARRAY_SIZE(wait); i++) {
		setup();
		begin();
		cr_expect_not(announced(wait[i], 1, 47), "%u", wait[i]);
		expect_back_off();
		cr_expect(shipper_announces(&s, &(struct shipper_place){ 1, 40 }),
		          "and it is announced again");
	}
}

#include "evidence/seal.h"

#include <criterion/criterion.h>

#include "lib/cbor.h"
#include "tests/support/bytes.h"

#define H32                                                                                                  \
	1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27,   \
	        28, 29, 30, 31, 32
#define BOOT_ID 0xb0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15

static struct hash hash_from_1(void)
{
	return (struct hash){ { H32 } };
}

static struct seal full_seal(void)
{
	static const uint8_t high_water[] = { 0x82, 0x05, 0x18, 0x20 };
	struct seal s = {
		.first = 300,
		.count = 2,
		.boot_id = { BOOT_ID },
		.clock = { .boot_us = 10, .wall_us = 1000, .error_us = 3, .how = 0 },
		.next_key = { { H32 } },
		.account = { .emitted = 6, .stored = 1, .filtered = 2, .lost = 3, .exactness = LOWER_BOUND },
		.high_water = { high_water, sizeof(high_water) },
		.has_posture = true,
		.posture = hash_from_1(),
		.config = hash_from_1(),
		.fleet = { .size = 9, .root = hash_from_1() }
	};
	return s;
}

#define SEAL_START                                                                                           \
	0x00, 0x19, 0x01, 0x2c, 0x01, 0x02, 0x02, 0x50, BOOT_ID, 0x03, 0x84, 0x0a, 0x19, 0x03, 0xe8, 0x03,   \
	        0x00
#define SEAL_KEY   0x04, 0x58, 0x20, H32
#define SEAL_COUNT 0x05, 0x85, 0x06, 0x01, 0x02, 0x03, 0x01

Test(seal, the_body_is_laid_out_as_the_format_says)
{
	cleanup_buf struct buf b = { 0 };
	struct seal s = full_seal();
	seal_put_body(&b, &s, -1);
	cr_assert_eq(buf_err(&b), 0);
	cr_assert(bytes_equal(buf_span(&b),
	                      SPAN(0x85, 0x02, 0x20, 0x01, 0xf6, 0xaa, SEAL_START, SEAL_KEY, SEAL_COUNT, 0x06,
	                           0x82, 0x05, 0x18, 0x20, 0x07, 0x58, 0x20, H32, 0x08, 0x58, 0x20, H32, 0x09,
	                           0x82, 0x09, 0x58, 0x20, H32)));
}

Test(seal, what_is_not_known_is_left_out)
{
	cleanup_buf struct buf b = { 0 };
	struct seal s = full_seal();
	s.has_posture = false;
	s.fleet.size = 0;
	s.high_water = (struct span){ 0 };
	seal_put_body(&b, &s, 0);
	cr_assert(bytes_equal(buf_span(&b), SPAN(0x85, 0x02, 0x00, 0x01, 0xf6, 0xa8, SEAL_START, SEAL_KEY,
	                                         SEAL_COUNT, 0x06, 0x80, 0x08, 0x58, 0x20, H32)));
}

static int parse_seal(struct span fields, struct seal *ret)
{
	struct entry e = { .kind = KIND_SEAL, .fields = fields };
	struct seal untouched = { .count = 77 };
	int r = seal_parse(&e, &untouched);
	if (r < 0)
		cr_assert_eq(untouched.count, 77);
	*ret = untouched;
	return r;
}

Test(seal, a_body_parses_into_what_was_written)
{
	cleanup_buf struct buf b = { 0 };
	struct seal s = full_seal(), p;
	struct entry e;
	seal_put_body(&b, &s, 5);
	cr_assert_eq(entry_parse_body(buf_span(&b), &e), 0);
	cr_assert_eq(parse_seal(e.fields, &p), 0);
	cr_assert_eq(p.first, 300);
	cr_assert_eq(p.count, 2);
	cr_assert_eq(memcmp(p.boot_id, s.boot_id, 16), 0);
	cr_assert_eq(p.clock.wall_us, 1000);
	cr_assert_eq(p.clock.error_us, 3);
	cr_assert_eq(memcmp(&p.account, &s.account, sizeof(p.account)), 0);
	cr_assert(span_equal(p.high_water, s.high_water));
	cr_assert(p.has_posture);
	cr_assert(hash_equal(&p.config, &s.config));
	cr_assert_eq(p.fleet.size, 9);
	cr_assert(hash_equal(&p.fleet.root, &s.fleet.root));
	e.kind = KIND_EPOCH;
	cr_assert_eq(seal_parse(&e, &p), -EBADMSG);
}

#define HW      0x06, 0x80
#define CONFIG  0x08, 0x58, 0x20, H32
#define BASE(n) (0xa0 | (n)), SEAL_START, SEAL_KEY, SEAL_COUNT, HW, CONFIG

Test(seal, fields_that_nobody_knows_yet_are_passed_over)
{
	struct seal p;
	cr_assert_eq(parse_seal(SPAN(BASE(8)), &p), 0);
	cr_assert_eq(p.fleet.size, 0);
	cr_assert_not(p.has_posture);
	cr_assert_eq(parse_seal(SPAN(BASE(9), 0x18, 0x64, 0x81, 0xf5), &p), 0);
	cr_assert_eq(parse_seal(SPAN(BASE(9), 0x19, 0x01, 0x00, 0x00), &p), 0);
}

Test(seal, other_forms_are_refused)
{
	const struct span wrong[] = {
		{ 0 },
		SPAN(0xa0),
		SPAN(0x80),
		/* without config, without high water, without count, without key */
		SPAN(0xa7, SEAL_START, SEAL_KEY, SEAL_COUNT, HW),
		SPAN(0xa7, SEAL_START, SEAL_KEY, SEAL_COUNT, CONFIG),
		SPAN(0xa7, SEAL_START, SEAL_KEY, HW, CONFIG),
		SPAN(0xa7, SEAL_START, SEAL_COUNT, HW, CONFIG),
		/* a byte behind, a pair missing */
		SPAN(BASE(8), 0x00),
		SPAN(BASE(9)),
		/* a key of small order, one too short */
		SPAN(0xa8, SEAL_START, 0x04, 0x58, 0x20, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		     0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, SEAL_COUNT, HW, CONFIG),
		SPAN(0xa8, SEAL_START, 0x04, 0x42, 1, 2, SEAL_COUNT, HW, CONFIG),
		/* an account of four, one with exactness 4 */
		SPAN(0xa8, SEAL_START, SEAL_KEY, 0x05, 0x84, 1, 1, 0, 0, HW, CONFIG),
		SPAN(0xa8, SEAL_START, SEAL_KEY, 0x05, 0x85, 1, 1, 0, 0, 4, HW, CONFIG),
		/* high water of anything but numbers */
		SPAN(0xa8, SEAL_START, SEAL_KEY, SEAL_COUNT, 0x06, 0x81, 0x20, CONFIG),
		SPAN(0xa8, SEAL_START, SEAL_KEY, SEAL_COUNT, 0x06, 0x00, CONFIG),
		/* a fleet head of nothing, one without a root */
		SPAN(BASE(9), 0x09, 0x82, 0x00, 0x58, 0x20, H32),
		SPAN(BASE(9), 0x09, 0x81, 0x05),
		SPAN(BASE(9), 0x09, 0x82, 0x05, 0x41, 0x00),
	};
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct seal p;
		cr_expect_eq(parse_seal(wrong[i], &p), -EBADMSG, "case %zu", i);
	}
}

Test(seal, clocks_whose_sums_could_overflow_are_refused)
{
	struct seal s = full_seal(), p;
	struct entry e;
	for (int i = 0; i < 4; i++) {
		cleanup_buf struct buf b = { 0 };
		s.clock.boot_us = INT64_MAX / 4 + (i == 1);
		s.clock.wall_us = INT64_MAX / 4 + (i == 2);
		s.clock.error_us = i == 3 ? UINT64_MAX : 0;
		seal_put_body(&b, &s, 0);
		cr_assert_eq(entry_parse_body(buf_span(&b), &e), 0);
		cr_assert_eq(parse_seal(e.fields, &p), i == 1 || i == 2 ? -EBADMSG : 0);
	}
}

#define EPOCH_HEAD(cause) 0x00, 0x03, 0x01, cause
#define EPOCH_KEY         0x04, 0x58, 0x20, H32, 0x05, 0x42, 'v', 'k', 0x06, 0x58, 0x20, H32
#define EPOCH_END         0x09, 0x43, '0', '.', '1'

Test(epoch, the_body_is_laid_out_as_the_format_says)
{
	cleanup_buf struct buf b = { 0 };
	struct epoch_start s = {
		.epoch = 3,
		.cause = EPOCH_ROLLED_BACK,
		.predecessor = { .epoch = 2 },
		.receipted = { .epoch = 1, .size = 7, .root = hash_from_1(), .has_size = true },
		.first_key = { { H32 } },
		.fleet_vkey = TEXT("vk"),
		.certificate = hash_from_1(),
		.has_token = true,
		.token = hash_from_1(),
		.abandoned_count = 2,
		.abandoned = { { 2, 7, 5 }, { 2, 12, 1 } },
		.version = TEXT("0.1")
	};
	epoch_put_body(&b, &s, 0);
	cr_assert(bytes_equal(buf_span(&b), SPAN(0x85, 0x03, 0x00, 0x01, 0xf6, 0xaa, EPOCH_HEAD(0x02), 0x02,
	                                         0x83, 0x02, 0xf6, 0xf6, 0x03, 0x83, 0x01, 0x07, 0x58, 0x20,
	                                         H32, EPOCH_KEY, 0x07, 0x58, 0x20, H32, 0x08, 0x82, 0x83,
	                                         0x02, 0x07, 0x05, 0x83, 0x02, 0x0c, 0x01, EPOCH_END)));
	struct entry e;
	struct epoch_start p;
	cr_assert_eq(entry_parse_body(buf_span(&b), &e), 0);
	cr_assert_eq(epoch_parse(&e, &p), 0);
	cr_assert_eq(p.epoch, 3);
	cr_assert_eq(p.predecessor.epoch, 2);
	cr_assert_not(p.predecessor.has_size);
	cr_assert(p.receipted.has_size);
	cr_assert_eq(p.receipted.size, 7);
	cr_assert(p.has_token);
	cr_assert_eq(p.abandoned_count, 2);
	cr_assert_eq(p.abandoned[1].first, 12);
	cr_assert(span_is(p.version, "0.1"));
	cr_assert(span_is(p.fleet_vkey, "vk"));
}

static int parse_epoch(struct span fields)
{
	struct entry e = { .kind = KIND_EPOCH, .fields = fields };
	struct epoch_start s = { .epoch = 77 };
	int r = epoch_parse(&e, &s);
	if (r < 0)
		cr_assert_eq(s.epoch, 77);
	return r;
}

Test(epoch, other_forms_are_refused)
{
	cr_assert_eq(parse_epoch(SPAN(0xa6, EPOCH_HEAD(0x04), EPOCH_KEY, EPOCH_END)), 0);
	cr_assert_eq(parse_epoch(SPAN(0xa7, EPOCH_HEAD(0x04), EPOCH_KEY, EPOCH_END, 0x18, 0x20, 0xa0)), 0);
	cr_assert_eq(parse_epoch(SPAN(0xa7, EPOCH_HEAD(0x01), 0x02, 0x83, 0x02, 0x05, 0x58, 0x20, H32,
	                              EPOCH_KEY, EPOCH_END)),
	             0);
	const struct span wrong[] = {
		SPAN(0xa0),
		SPAN(0xa6, EPOCH_HEAD(0x05), EPOCH_KEY, EPOCH_END),
		SPAN(0xa5, EPOCH_HEAD(0x00), EPOCH_KEY),
		SPAN(0xa3, EPOCH_HEAD(0x00), EPOCH_END),
		SPAN(0xa6, EPOCH_HEAD(0x00), EPOCH_KEY, EPOCH_END, 0x00),
		/* predecessor: epoch 0, size without root, root without size, two items */
		SPAN(0xa7, EPOCH_HEAD(0x01), 0x02, 0x83, 0x00, 0xf6, 0xf6, EPOCH_KEY, EPOCH_END),
		SPAN(0xa7, EPOCH_HEAD(0x01), 0x02, 0x83, 0x02, 0x05, 0xf6, EPOCH_KEY, EPOCH_END),
		SPAN(0xa7, EPOCH_HEAD(0x01), 0x02, 0x83, 0x02, 0xf6, 0x58, 0x20, H32, EPOCH_KEY, EPOCH_END),
		SPAN(0xa7, EPOCH_HEAD(0x01), 0x02, 0x82, 0x02, 0xf6, EPOCH_KEY, EPOCH_END),
		/* a receipted head is known whole */
		SPAN(0xa7, EPOCH_HEAD(0x01), 0x03, 0x83, 0x02, 0xf6, 0xf6, EPOCH_KEY, EPOCH_END),
		/* abandoned rows of two */
		SPAN(0xa7, EPOCH_HEAD(0x01), EPOCH_KEY, 0x08, 0x81, 0x82, 0x02, 0x07, EPOCH_END),
	};
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		cr_expect_eq(parse_epoch(wrong[i]), -EBADMSG, "case %zu", i);
	struct entry e = { .kind = KIND_SEAL, .fields = SPAN(0xa6, EPOCH_HEAD(0x04), EPOCH_KEY, EPOCH_END) };
	struct epoch_start s;
	cr_assert_eq(epoch_parse(&e, &s), -EBADMSG);
}

static int with_abandoned(size_t n)
{
	cleanup_buf struct buf b = { 0 };
	buf_put(&b, BYTES(0xa7, EPOCH_HEAD(0x01), EPOCH_KEY, 0x08), 5 + sizeof(BYTES(EPOCH_KEY)) + 1);
	cbor_put_array(&b, n);
	for (size_t i = 0; i < n; i++)
		buf_put(&b, BYTES(0x83, 1, 1, 1), 4);
	buf_put(&b, BYTES(EPOCH_END), sizeof(BYTES(EPOCH_END)));
	return parse_epoch(buf_span(&b));
}

Test(epoch, so_many_runs_may_be_abandoned_and_no_more)
{
	cr_assert_eq(with_abandoned(0), 0);
	cr_assert_eq(with_abandoned(EPOCH_MAX_ABANDONED), 0);
	cr_assert_eq(with_abandoned(EPOCH_MAX_ABANDONED + 1), -EBADMSG);
}

Test(loss, the_body_is_laid_out_as_the_format_says)
{
	cleanup_buf struct buf b = { 0 }, least = { 0 };
	struct loss l = { .reason = LOSS_PIPE_FULL,
		          .has_count = true,
		          .count = 24,
		          .exactness = LOWER_BOUND,
		          .kind = KIND_EXEC,
		          .has_since = true,
		          .since_boot_us = 256,
		          .detail = TEXT("w") };
	loss_put_body(&b, &l, 1);
	cr_assert(bytes_equal(buf_span(&b),
	                      SPAN(0x85, 0x06, 0x01, 0x01, 0xf6, 0xa6, 0x00, 0x02, 0x01, 0x18, 0x18, 0x02,
	                           0x01, 0x03, 0x11, 0x04, 0x19, 0x01, 0x00, 0x05, 0x41, 'w')));
	struct loss unknown = { .reason = LOSS_COLLECTOR_DOWN, .exactness = UNKNOWN };
	loss_put_body(&least, &unknown, 1);
	cr_assert(bytes_equal(buf_span(&least),
	                      SPAN(0x85, 0x06, 0x01, 0x01, 0xf6, 0xa2, 0x00, 0x08, 0x02, 0x03)));
	struct entry e;
	struct loss p;
	cr_assert_eq(entry_parse_body(buf_span(&b), &e), 0);
	cr_assert_eq(loss_parse(&e, &p), 0);
	cr_assert(p.has_count && p.count == 24 && p.kind == KIND_EXEC && p.has_since &&
	          p.since_boot_us == 256);
	cr_assert(span_is(p.detail, "w"));
}

Test(loss, other_forms_are_refused)
{
	const struct span wrong[] = {
		SPAN(0xa0),
		SPAN(0xa1, 0x00, 0x00),
		SPAN(0xa1, 0x02, 0x00),
		SPAN(0xa2, 0x00, 0x00, 0x02, 0x04),
		SPAN(0xa3, 0x00, 0x00, 0x01, 0x20, 0x02, 0x00),
		SPAN(0xa3, 0x00, 0x00, 0x02, 0x00, 0x05, 0x01),
		SPAN(0xa2, 0x00, 0x00, 0x02, 0x00, 0x00),
	};
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct entry e = { .kind = KIND_LOSS, .fields = wrong[i] };
		struct loss l = { .count = 77 };
		cr_expect_eq(loss_parse(&e, &l), -EBADMSG, "case %zu", i);
		cr_assert_eq(l.count, 77);
	}
}

Test(seal, words_for_people_exist_for_what_is_known_and_nothing_else)
{
	for (uint64_t i = 0; i <= EPOCH_REENROLLED; i++)
		cr_assert_not_null(epoch_cause_name(i));
	cr_assert_null(epoch_cause_name(EPOCH_REENROLLED + 1));
	for (uint64_t i = 0; i <= AGENT_WITNESSED_AGAIN; i++)
		cr_assert_not_null(agent_what_name(i));
	cr_assert_not_null(agent_what_name(AGENT_INCONSISTENT));
	cr_assert_null(agent_what_name(AGENT_INCONSISTENT + 1));
	cr_assert_null(agent_what_name(UINT64_MAX));
}

Test(seal, agent_entries_are_laid_out_as_the_format_says)
{
	cleanup_buf struct buf b = { 0 }, bare = { 0 };
	agent_put_body(&b, AGENT_CONFLICT, TEXT("x"), 0);
	cr_assert(bytes_equal(buf_span(&b),
	                      SPAN(0x85, 0x08, 0x00, 0x01, 0xf6, 0xa2, 0x00, 0x05, 0x01, 0x41, 'x')));
	agent_put_body(&bare, AGENT_SEALER_STARTED, (struct span){ 0 }, 0);
	cr_assert(bytes_equal(buf_span(&bare), SPAN(0x85, 0x08, 0x00, 0x01, 0xf6, 0xa1, 0x00, 0x00)));
}

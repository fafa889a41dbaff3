#include "evidence/intake.h"

#include <criterion/criterion.h>

#define BYTES(...) ((const uint8_t[]){ __VA_ARGS__ })
#define SPAN(...)  ((struct span){ BYTES(__VA_ARGS__), sizeof(BYTES(__VA_ARGS__)) })

static struct intake_frame frame;

static ssize_t parse(const struct buf *b)
{
	return intake_parse((struct span){ b->data, b->len }, &frame);
}

static void refused(const struct buf *b)
{
	cr_assert_eq(parse(b), -EBADMSG);
}

Test(intake, an_event_is_laid_out_as_the_header_says)
{
	cleanup_buf struct buf b = { 0 };
	struct intake_event e = { .kind = KIND_EXEC,
		                  .sensors = 2,
		                  .boot_us = 3,
		                  .process = 4,
		                  .self = 5,
		                  .parent = 6,
		                  .previous = 7,
		                  .fields = SPAN(0xa0) };
	intake_put_event(&b, &e);
	struct span want = SPAN(0, 0, 0, 45, 1, 0, 17, 2, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 4, 0,
	                        0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0, 7, 0xa0);
	cr_assert(span_equal((struct span){ b.data, b.len }, want));
	cr_assert_eq(parse(&b), (ssize_t)b.len);
	cr_assert_eq(frame.type, INTAKE_EVENT);
	cr_assert_eq(frame.event.self, 5);
	cr_assert_eq(frame.event.previous, 7);
	cr_assert(span_equal(frame.event.fields, e.fields));
}

Test(intake, a_loss_comes_back_as_it_went)
{
	cleanup_buf struct buf b = { 0 };
	struct intake_loss l = { .reason = LOSS_PIPE_FULL,
		                 .exactness = EXACT,
		                 .kind = KIND_OPEN,
		                 .count = 9,
		                 .since_boot_us = 10,
		                 .detail = { (const uint8_t *)"full", 4 } };
	intake_put_loss(&b, &l);
	struct span want = SPAN(0, 0, 0, 25, 2, 2, 0, 0, 32, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 10,
	                        'f', 'u', 'l', 'l');
	cr_assert(span_equal((struct span){ b.data, b.len }, want));
	cr_assert_eq(parse(&b), (ssize_t)b.len);
	cr_assert_eq(frame.loss.count, 9);
	cr_assert(span_is(frame.loss.detail, "full"));
}

Test(intake, counts_carry_the_high_water_mark_of_each_cpu)
{
	cleanup_buf struct buf b = { 0 };
	struct intake_counts *c = calloc(1, sizeof(*c));
	*c = (struct intake_counts){ .emitted = 10, .filtered = 1, .lost = 2, .sent = 7, .cpus = 2 };
	c->high_water[1] = 44;
	intake_put_counts(&b, c);
	free(c);
	cr_assert_eq(b.len, 4 + 1 + 4 * 8 + 4 + 2 * 8);
	cr_assert_eq(parse(&b), (ssize_t)b.len);
	cr_assert_eq(frame.counts.sent, 7);
	cr_assert_eq(frame.counts.cpus, 2);
	cr_assert_eq(frame.counts.high_water[0], 0);
	cr_assert_eq(frame.counts.high_water[1], 44);
}

Test(intake, frames_follow_each_other_in_one_stream)
{
	cleanup_buf struct buf b = { 0 };
	intake_put_posture(&b, SPAN(0xa1, 0x01, 0x02));
	size_t first = b.len;
	intake_put_goodbye(&b);
	cr_assert_eq(parse(&b), (ssize_t)first);
	cr_assert(span_equal(frame.posture, SPAN(0xa1, 0x01, 0x02)));
	buf_consume(&b, first);
	cr_assert_eq(parse(&b), 5);
	cr_assert_eq(frame.type, INTAKE_GOODBYE);
	buf_reset(&b);
	intake_put_resumed(&b);
	cr_assert_eq(parse(&b), 5);
	cr_assert_eq(frame.type, INTAKE_RESUMED);
}

Test(intake, rules_carry_their_digest_and_text)
{
	cleanup_buf struct buf b = { 0 };
	struct intake_rules r = { .digest = { { 7, 8 } }, .text = SPAN('a', 0xff, 'b') };
	intake_put_rules(&b, &r);
	cr_assert_eq(b.len, 4 + 1 + 1 + 32 + 3);
	cr_assert_eq(parse(&b), (ssize_t)b.len);
	cr_assert(frame.type == INTAKE_RULES && !frame.rules.refused);
	cr_assert(hash_equal(&frame.rules.digest, &r.digest));
	cr_assert(span_equal(frame.rules.text, r.text));
	b.data[5] = 2;
	cr_assert_eq(parse(&b), -EBADMSG);
	b.data[5] = 1;
	cr_assert_eq(parse(&b), -EBADMSG, "why they were refused is not ASCII");
}

Test(intake, a_frame_that_is_not_all_there_asks_for_more)
{
	cleanup_buf struct buf b = { 0 };
	struct intake_event e = { .kind = KIND_OPEN, .fields = SPAN(0xa1, 0, 0x41, 'x') };
	intake_put_event(&b, &e);
	for (size_t n = 0; n < b.len; n++)
		cr_assert_eq(intake_parse((struct span){ b.data, n }, &frame), 0);
}

Test(intake, a_length_of_zero_or_above_the_limit_is_refused_before_its_bytes_are_there)
{
	cleanup_buf struct buf b = { 0 };
	buf_put_u32be(&b, 0);
	refused(&b);
	buf_reset(&b);
	buf_put_u32be(&b, INTAKE_MAX_BYTES + 1);
	refused(&b);
	buf_reset(&b);
	buf_put_u32be(&b, INTAKE_MAX_BYTES);
	cr_assert_eq(parse(&b), 0);
}

Test(intake, an_unknown_frame_type_is_refused)
{
	cleanup_buf struct buf b = { 0 };
	buf_put(&b, BYTES(0, 0, 0, 1, 8), 5);
	refused(&b);
}

Test(intake, an_event_of_the_logs_own_kinds_is_refused)
{
	cleanup_buf struct buf b = { 0 };
	struct intake_event e = { .kind = KIND_SEAL, .fields = SPAN(0xa0) };
	intake_put_event(&b, &e);
	refused(&b);
}

Test(intake, only_the_description_of_a_process_may_number_one)
{
	cleanup_buf struct buf b = { 0 };
	struct intake_event e = { .kind = KIND_OPEN, .self = 1, .fields = SPAN(0xa0) };
	intake_put_event(&b, &e);
	refused(&b);
	buf_reset(&b);
	e.kind = KIND_EXEC;
	e.self = 0;
	intake_put_event(&b, &e);
	refused(&b);
}

Test(intake, the_keys_that_the_sealer_fills_in_are_refused_from_the_collector)
{
	cleanup_buf struct buf b = { 0 };
	struct intake_event e = { .kind = KIND_PROCESS, .self = 1, .fields = SPAN(0xa1, PROCESS_PARENT, 0) };
	intake_put_event(&b, &e);
	refused(&b);
	buf_reset(&b);
	e.fields = SPAN(0xa1, PROCESS_PREVIOUS, 0);
	intake_put_event(&b, &e);
	refused(&b);
}

Test(intake, fields_that_are_not_one_deterministic_map_are_refused)
{
	const struct span bad[] = { SPAN(0x80), SPAN(0xa1, 0x18, 0x01, 0x00), SPAN(0xa0, 0x00),
		                    SPAN(0xa2, 0x01, 0x00, 0x00, 0x00), SPAN(0xbf, 0xff) };
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		cleanup_buf struct buf b = { 0 };
		struct intake_event e = { .kind = KIND_OPEN, .fields = bad[i] };
		intake_put_event(&b, &e);
		refused(&b);
	}
}

Test(intake, a_loss_with_an_unknown_reason_or_a_detail_that_is_not_text_is_refused)
{
	cleanup_buf struct buf b = { 0 };
	struct intake_loss l = { .reason = 200 };
	intake_put_loss(&b, &l);
	refused(&b);
	buf_reset(&b);
	l = (struct intake_loss){ .detail = SPAN('a', '\n') };
	intake_put_loss(&b, &l);
	refused(&b);
}

Test(intake, counts_with_more_processors_than_their_bytes_are_refused)
{
	cleanup_buf struct buf b = { 0 };
	buf_put_u32be(&b, 1 + 32 + 4 + 8);
	buf_put_u8(&b, INTAKE_COUNTS);
	memset(buf_extend(&b, 32), 0, 32);
	buf_put_u32be(&b, 2);
	buf_put_u64be(&b, 0);
	refused(&b);
}

Test(intake, fields_that_do_not_fit_a_frame_make_an_error_of_the_buffer)
{
	cleanup_buf struct buf b = { 0 };
	cleanup_free uint8_t *large = calloc(1, INTAKE_MAX_BYTES);
	struct intake_event e = { .kind = KIND_OPEN, .fields = { large, INTAKE_MAX_BYTES } };
	intake_put_event(&b, &e);
	cr_assert_eq(buf_err(&b), -EMSGSIZE);
}

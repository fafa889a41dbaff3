#include "evidence/uplink.h"

#include <criterion/criterion.h>

#define SPAN(...)                                                                                            \
	((struct span){ (const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ }) })

static const struct span BODY = { (const uint8_t *)"hi", 2 };

static void laid_out(const struct uplink_message *m, struct span want)
{
	cleanup_buf struct buf b = { 0 };
	struct uplink_message again;
	uplink_put(&b, m);
	cr_assert_eq(buf_err(&b), 0);
	cr_expect(span_equal((struct span){ b.data, b.len }, want), "type %d", m->type);
	cr_assert_eq(uplink_parse(want, &again), (ssize_t)want.len);
	cr_expect_eq(again.type, m->type);
	cr_expect_eq(again.status, m->status);
	cr_expect_eq(again.epoch, m->epoch);
	cr_expect_eq(again.first, m->first);
	cr_expect_eq(again.held, m->held);
	cr_expect(span_equal(again.body, m->body));
}

Test(uplink, every_message_is_laid_out_as_the_header_says)
{
	laid_out(&(struct uplink_message){ .type = UPLINK_READY, .epoch = 1, .first = 2, .held = 3 },
	         SPAN(0, 0, 0, 21, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 3));
	laid_out(&(struct uplink_message){ .type = UPLINK_RECEIPT, .body = BODY },
	         SPAN(0, 0, 0, 3, 2, 'h', 'i'));
	laid_out(&(struct uplink_message){ .type = UPLINK_CONFLICT, .epoch = 1, .first = 2, .body = BODY },
	         SPAN(0, 0, 0, 15, 3, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2, 'h', 'i'));
	laid_out(
	        &(struct uplink_message){
	                .type = UPLINK_REFUSED, .status = 403, .epoch = 1, .first = 2, .body = BODY },
	        SPAN(0, 0, 0, 17, 4, 1, 147, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2, 'h', 'i'));
	laid_out(&(struct uplink_message){ .type = UPLINK_SHIP_FROM, .epoch = 1, .first = 2 },
	         SPAN(0, 0, 0, 13, 5, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2));
}

Test(uplink, a_part_of_a_message_waits_for_the_rest)
{
	cleanup_buf struct buf b = { 0 };
	struct uplink_message m = { .type = UPLINK_SHIP_FROM, .epoch = 1 };
	uplink_put(&b, &m);
	for (size_t n = 0; n < b.len; n++)
		cr_expect_eq(uplink_parse((struct span){ b.data, n }, &m), 0);
}

static void refused(struct span in)
{
	struct uplink_message m = { .first = 77 };
	cr_expect_eq(uplink_parse(in, &m), -EBADMSG);
	cr_expect_eq(m.first, 77);
}

Test(uplink, malformed_messages_are_refused)
{
	refused(SPAN(0, 0, 0, 0));
	refused(SPAN(0, 4, 0, 1));
	refused(SPAN(255, 255, 255, 255));
	refused(SPAN(0, 0, 0, 1, 0));
	refused(SPAN(0, 0, 0, 1, 6));
	refused(SPAN(0, 0, 0, 12, 5, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0));
	refused(SPAN(0, 0, 0, 14, 5, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2, 9));
}

Test(uplink, a_body_over_the_limit_is_an_error_of_the_buffer)
{
	cleanup_buf struct buf b = { 0 };
	cleanup_free uint8_t *body = calloc(1, UPLINK_MAX_BYTES);
	struct uplink_message m = { .type = UPLINK_RECEIPT, .body = { body, UPLINK_MAX_BYTES } };
	uplink_put(&b, &m);
	cr_expect_eq(buf_err(&b), -EMSGSIZE);
	buf_reset(&b);
	m.body.len--;
	uplink_put(&b, &m);
	cr_expect_eq(buf_err(&b), 0);
	cr_expect_eq(uplink_parse((struct span){ b.data, b.len }, &m), (ssize_t)b.len);
}

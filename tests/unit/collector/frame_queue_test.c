#include "collector/frame_queue.h"

#include <criterion/criterion.h>

#define CAPACITY 64

static struct frame_queue *q;

static void setup(void)
{
	cr_assert_eq(frame_queue_new(CAPACITY, &q), 0);
}

static void teardown(void)
{
	frame_queue_free(q);
}

static bool put(uint8_t fill, size_t payload)
{
	uint8_t frame[CAPACITY * 2] = { 0, 0, 0, (uint8_t)payload };
	memset(frame + 4, fill, payload);
	return frame_queue_put(q, (struct span){ frame, payload + 4 });
}

/* Takes up to n bytes, as a stream would. */
static size_t take(uint8_t *to, size_t n)
{
	struct iovec parts[2];
	int count = frame_queue_parts(q, parts);
	size_t done = 0;
	for (int i = 0; i < count; i++) {
		size_t part = MIN(parts[i].iov_len, n - done);
		memcpy(to + done, parts[i].iov_base, part);
		done += part;
	}
	frame_queue_written(q, done);
	return done;
}

TestSuite(frame_queue, .init = setup, .fini = teardown);

Test(frame_queue, bytes_come_out_as_they_went_in_however_they_are_cut)
{
	uint8_t out[4096], want[4096];
	size_t out_len = 0, want_len = 0;
	for (uint8_t i = 0; i < 100; i++) {
		size_t payload = i % 13;
		cr_assert(put(i, payload));
		memcpy(want + want_len, (uint8_t[]){ 0, 0, 0, (uint8_t)payload }, 4);
		memset(want + want_len + 4, i, payload);
		want_len += payload + 4;
		while (frame_queue_room(q) < 20)
			out_len += take(out + out_len, 1 + i % 7);
	}
	while (frame_queue_used(q))
		out_len += take(out + out_len, 5);
	cr_assert_eq(out_len, want_len);
	cr_assert_arr_eq(out, want, want_len);
}

Test(frame_queue, a_frame_that_does_not_fit_is_refused_whole)
{
	cr_assert(put(1, 40));
	cr_assert_not(put(2, 17));
	cr_assert_eq(frame_queue_used(q), 44);
	cr_assert(put(2, 16));
	cr_assert_eq(frame_queue_room(q), 0);
}

Test(frame_queue, a_frame_written_in_part_is_taken_back_whole)
{
	uint8_t out[CAPACITY];
	cleanup_buf struct buf frame = { 0 };
	cr_assert(put(1, 10));
	cr_assert(put(2, 10));
	cr_assert(put(3, 10));
	cr_assert_eq(take(out, 20), 20);
	cr_assert_eq(frame_queue_used(q), 28);
	cr_assert(frame_queue_take_back(q, &frame));
	cr_assert_eq(frame.len, 14);
	cr_assert_eq(frame.data[4], 2);
	buf_reset(&frame);
	cr_assert(frame_queue_take_back(q, &frame));
	cr_assert_eq(frame.data[4], 3);
	cr_assert_not(frame_queue_take_back(q, &frame));
}

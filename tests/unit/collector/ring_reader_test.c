#include "collector/ring_reader.h"

#include <criterion/criterion.h>
#include <linux/bpf.h>

#define BYTES 4096

static uint64_t consumer, producer;
static _Alignas(8) uint8_t data[2 * BYTES];
static struct ring_reader ring;

static void setup(void)
{
	consumer = producer = 0;
	memset(data, 0, sizeof(data));
	ring = (struct ring_reader){ &consumer, &producer, data, BYTES, 0 };
}

/* As the kernel writes: the second copy of the data is the first. */
static void put(const char *text, uint32_t flags)
{
	uint32_t length = (uint32_t)strlen(text), head = length | flags;
	for (size_t i = 0; i < length + 8; i++) {
		size_t at = (producer + i) % BYTES;
		uint8_t byte = i < 4 ? ((uint8_t *)&head)[i] : i < 8 ? 0 : (uint8_t)text[i - 8];
		data[at] = data[at + BYTES] = byte;
	}
	producer += (length + 8 + 7) / 8 * 8;
}

static bool next_is(const char *text)
{
	const void *record;
	size_t size;
	if (ring_reader_peek(&ring, &record, &size) != RING_RECORD)
		return false;
	bool same = size == strlen(text) && memcmp(record, text, size) == 0;
	ring_reader_take(&ring);
	return same;
}

static enum ring_state state(void)
{
	const void *record;
	size_t size;
	return ring_reader_peek(&ring, &record, &size);
}

TestSuite(ring_reader, .init = setup);

Test(ring_reader, records_come_in_order_and_once)
{
	cr_assert_eq(state(), RING_EMPTY);
	put("one", 0);
	put("another", 0);
	cr_assert_eq(state(), RING_RECORD);
	cr_assert(next_is("one"));
	cr_assert(next_is("another"));
	cr_assert_eq(state(), RING_EMPTY);
	cr_assert_eq(consumer, producer);
}

Test(ring_reader, a_record_over_the_end_is_in_one_piece)
{
	consumer = producer = 7 * (uint64_t)BYTES - 16;
	put("goes on at the beginning", 0);
	cr_assert(next_is("goes on at the beginning"));
}

Test(ring_reader, what_is_being_written_is_waited_for)
{
	put("half", BPF_RINGBUF_BUSY_BIT);
	put("whole", 0);
	cr_assert_eq(state(), RING_BUSY);
	cr_assert_eq(consumer, 0);
	data[3] = data[3 + BYTES] = 0;
	cr_assert(next_is("half"));
	cr_assert(next_is("whole"));
}

Test(ring_reader, a_discarded_record_is_passed_over)
{
	put("nothing", BPF_RINGBUF_DISCARD_BIT);
	put("something", 0);
	cr_assert(next_is("something"));
}

Test(ring_reader, positions_that_cannot_be_end_in_an_empty_ring)
{
	put("x", 0);
	consumer = producer + 8;
	cr_assert_eq(state(), RING_EMPTY);
	cr_assert_eq(consumer, producer);
	producer += 2 * BYTES;
	cr_assert_eq(state(), RING_EMPTY);
	cr_assert_eq(consumer, producer);
	put("after", 0);
	consumer += 1;
	cr_assert_eq(state(), RING_EMPTY);
}

Test(ring_reader, a_length_beyond_what_was_written_is_not_believed)
{
	put("short", 0);
	data[1] = data[1 + BYTES] = 1;
	cr_assert_eq(state(), RING_EMPTY);
	cr_assert_eq(consumer, producer);
}

Test(ring_reader, without_a_ring_there_is_nothing)
{
	ring = (struct ring_reader){ 0 };
	cr_assert_eq(state(), RING_EMPTY);
	ring_reader_close(&ring);
}

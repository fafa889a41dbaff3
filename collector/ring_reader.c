#include "collector/ring_reader.h"

#include <linux/bpf.h>
#include <sys/mman.h>
#include <unistd.h>

#define LENGTH_MASK (~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT))

int ring_reader_open(int map_fd, size_t bytes, struct ring_reader *ret)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	void *consumer = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, map_fd, 0);
	if (consumer == MAP_FAILED)
		return -errno;
	const uint8_t *rest = mmap(NULL, page + 2 * bytes, PROT_READ, MAP_SHARED, map_fd, (off_t)page);
	if (rest == MAP_FAILED) {
		int err = -errno;
		munmap(consumer, page);
		return err;
	}
	*ret = (struct ring_reader){
		.consumer = consumer, .producer = (const void *)rest, .data = rest + page, .bytes = bytes
	};
	return 0;
}

void ring_reader_close(struct ring_reader *r)
{
	if (!r->bytes)
		return;
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	munmap(r->consumer, page);
	munmap((void *)(uintptr_t)r->producer, page + 2 * r->bytes);
	*r = (struct ring_reader){ 0 };
}

static size_t aligned(uint32_t length)
{
	return ((size_t)length + BPF_RINGBUF_HDR_SZ + 7) / 8 * 8;
}

static void pass_over(struct ring_reader *r, uint64_t to)
{
	__atomic_store_n(r->consumer, to, __ATOMIC_RELEASE);
}

enum ring_state ring_reader_peek(struct ring_reader *r, const void **ret, size_t *ret_size)
{
	for (;;) {
		if (!r->bytes)
			return RING_EMPTY;
		uint64_t at = __atomic_load_n(r->consumer, __ATOMIC_ACQUIRE);
		uint64_t end = __atomic_load_n(r->producer, __ATOMIC_ACQUIRE);
		if (at == end)
			return RING_EMPTY;
		const uint8_t *head = r->data + (at & (r->bytes - 1));
		bool sound = at < end && end - at <= r->bytes && at % 8 == 0;
		uint32_t length =
		        sound ? __atomic_load_n((const uint32_t *)(const void *)head, __ATOMIC_ACQUIRE) : 0;
		if (sound && (length & BPF_RINGBUF_BUSY_BIT))
			return RING_BUSY;
		r->size = aligned(length & LENGTH_MASK);
		if (!sound || r->size > end - at) {
			pass_over(r, end);
			continue;
		}
		if (!(length & BPF_RINGBUF_DISCARD_BIT)) {
			*ret = head + BPF_RINGBUF_HDR_SZ;
			*ret_size = length;
			return RING_RECORD;
		}
		ring_reader_take(r);
	}
}

void ring_reader_take(struct ring_reader *r)
{
	pass_over(r, __atomic_load_n(r->consumer, __ATOMIC_RELAXED) + r->size);
}

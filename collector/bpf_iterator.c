#include "collector/bpf_iterator.h"

#include <unistd.h>

#include <bpf/bpf.h>

#include "bpf/events.h"

#define READ_BYTES ((size_t)BPF_RECORD_MAX_BYTES * 2)

/* Whole records off the front of `bytes`. Returns how many bytes they were, -EBADMSG if that is no record. */
static ssize_t take_records(const uint8_t *bytes, size_t len, bpf_iterator_each *each, void *context)
{
	_Alignas(8) static uint8_t record[BPF_RECORD_MAX_BYTES];
	size_t at = 0;
	while (len - at >= sizeof(struct bpf_record)) {
		uint32_t size;
		memcpy(&size, bytes + at, sizeof(size));
		if (size < sizeof(struct bpf_record) || size > sizeof(record))
			return -EBADMSG;
		if (size > len - at)
			break;
		memcpy(record, bytes + at, size);
		each(context, record, size);
		at += size;
	}
	return (ssize_t)at;
}

int bpf_iterator_read(int link_fd, bpf_iterator_each *each, void *context)
{
	cleanup_close int fd = bpf_iter_create(link_fd);
	if (fd < 0)
		return fd;
	cleanup_free uint8_t *bytes = malloc(READ_BYTES);
	if (!bytes)
		return -ENOMEM;
	size_t len = 0;
	for (;;) {
		ssize_t n = read(fd, bytes + len, READ_BYTES - len);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
		if (n == 0)
			return len ? -EBADMSG : 0;
		len += n > 0 ? (size_t)n : 0;
		ssize_t taken = take_records(bytes, len, each, context);
		if (taken < 0)
			return (int)taken;
		len -= (size_t)taken;
		memmove(bytes, bytes + taken, len);
	}
}

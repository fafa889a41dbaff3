/* Bounded reads of a file of any size: one run of its bytes at a time. */
#ifndef SWORNLOG_VERIFY_WINDOW_H
#define SWORNLOG_VERIFY_WINDOW_H

#include "lib/buf.h"
#include "lib/cursor.h"

/* Read ahead by this much. A window never grows beyond what one call asks for, or this. */
#define WINDOW_BYTES (4u << 20)

/* fd -1: `data` is all there is. Set to { .fd = -1 } before use. */
struct window {
	int fd;
	uint64_t size; /* of the file when it was opened or last measured */
	uint8_t *data;
	size_t cap;
	uint64_t at; /* offset of data[0] */
	size_t len;
};

/* Regular files only, symbolic links refused: -ELOOP, -EINVAL. */
must_check int window_open(struct window *w, int dirfd, const char *path);
/* Over a copy of bytes in memory. */
must_check int window_from_bytes(struct window *w, struct span bytes);
/* Another window over the same file or bytes. */
must_check int window_again(const struct window *w, struct window *ret);
void window_done(struct window *w);
#define cleanup_window cleanup(window_done)
/* Measure the file again: it may have grown. */
must_check int window_measure(struct window *w);

/* n bytes at offset, valid until the next call. -ENODATA if the file ends before, -EIO, -ENOMEM. */
must_check int window_get(struct window *w, uint64_t offset, size_t n, struct span *ret);

/* A whole file that no hostile store can make us hang on or drown in: regular, at most max_bytes, else
 * -EINVAL, -ELOOP, -EFBIG. Appended to *ret. */
must_check int window_read_file(int dirfd, const char *path, size_t max_bytes, struct buf *ret);

#endif

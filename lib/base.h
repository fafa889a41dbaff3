/* The compiler extensions and small macros that every file may use. */
#ifndef SWORNLOG_LIB_BASE_H
#define SWORNLOG_LIB_BASE_H

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#define must_check              __attribute__((warn_unused_result))
#define printf_like(fmt, first) __attribute__((format(printf, fmt, first)))
#define cleanup(fn)             __attribute__((cleanup(fn)))
#define maybe_unused            __attribute__((unused))

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define MIN(a, b)     ((a) < (b) ? (a) : (b))
#define MAX(a, b)     ((a) > (b) ? (a) : (b))

/* Hand an owned pointer or descriptor on: the variable is left empty, so its cleanup does nothing. */
#define TAKE_PTR(p)                                                                                          \
	({                                                                                                   \
		__typeof__(p) taken_ = (p);                                                                  \
		(p) = NULL;                                                                                  \
		taken_;                                                                                      \
	})
#define TAKE_FD(fd)                                                                                          \
	({                                                                                                   \
		int taken_ = (fd);                                                                           \
		(fd) = -1;                                                                                   \
		taken_;                                                                                      \
	})

static inline void free_ptr(void *p)
{
	free(*(void **)p);
}

/* `cleanup_free char *s = NULL;` frees at scope end. */
#define cleanup_free cleanup(free_ptr)

void close_fd(int *fd);

/* `cleanup_close int fd = -1;` closes at scope end. */
#define cleanup_close cleanup(close_fd)

#endif

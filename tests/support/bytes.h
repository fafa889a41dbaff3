/* Byte strings in tests: literal, from hex, and compared with a message that shows both. */
#ifndef SWORNLOG_TESTS_SUPPORT_BYTES_H
#define SWORNLOG_TESTS_SUPPORT_BYTES_H

#include "lib/buf.h"
#include "lib/cursor.h"

#define BYTES(...)    ((const uint8_t[]){ __VA_ARGS__ })
#define SPAN(...)     ((struct span){ BYTES(__VA_ARGS__), sizeof(BYTES(__VA_ARGS__)) })
#define TEXT(literal) ((struct span){ (const uint8_t *)(literal), sizeof(literal) - 1 })

/* n bytes from 2n hex digits of either case; aborts on anything else. */
void bytes_from_hex(const char *hex, void *ret, size_t n);
/* True if equal; otherwise both go to standard error in hex. */
bool bytes_equal(struct span got, struct span want);

#endif

/* Packing and unpacking of byte runs whose unpacked length is known beforehand: none, deflate, zstd. */
#ifndef SWORNLOG_LIB_PACK_H
#define SWORNLOG_LIB_PACK_H

#include "lib/buf.h"
#include "lib/cursor.h"

enum pack_codec { PACK_NONE = 0, PACK_DEFLATE = 1, PACK_ZSTD = 2 };

/* Append `raw` packed. Level 1 of the codec. Errors show in the buffer or as -ENOMEM, -EINVAL. */
must_check int pack(enum pack_codec codec, struct span raw, struct buf *out);
/* Append exactly raw_len bytes to out, or fail with -EBADMSG: too few, too many, trailing bytes, a codec that
 * is unknown. -ENOMEM says nothing about the bytes. */
must_check int unpack(enum pack_codec codec, struct span packed, size_t raw_len, struct buf *out);

/* Free what a thread keeps from one call to the next; for one that ends before the process does. */
void pack_end_thread(void);

#endif

/* SHA-256. It takes no memory and can't fail. */
#ifndef SWORNLOG_LIB_DIGEST_H
#define SWORNLOG_LIB_DIGEST_H

#include "lib/cursor.h"

struct hash {
	uint8_t b[32];
};

void sha256(const void *p, size_t n, struct hash *ret);
/* The digest of the parts joined. */
void sha256_parts(const struct span *parts, size_t n, struct hash *ret);
static inline bool hash_equal(const struct hash *a, const struct hash *b)
{
	return memcmp(a->b, b->b, sizeof(a->b)) == 0;
}

#endif

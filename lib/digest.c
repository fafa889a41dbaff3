/* OpenSSL 3 calls these functions deprecated, but its EVP interface allocates for each digest: that can fail
 * where nobody could say so, and costs as much again as hashing a small entry. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "lib/digest.h"

#include <openssl/sha.h>

void sha256_parts(const struct span *parts, size_t n, struct hash *ret)
{
	SHA256_CTX c;
	SHA256_Init(&c);
	for (size_t i = 0; i < n; i++) {
		if (parts[i].len)
			SHA256_Update(&c, parts[i].data, parts[i].len);
	}
	SHA256_Final(ret->b, &c);
}

void sha256(const void *p, size_t n, struct hash *ret)
{
	struct span all = { p, n };
	sha256_parts(&all, 1, ret);
}

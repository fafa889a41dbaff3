#include "lib/pem.h"

BIO *pem_bio(struct span pem)
{
	return pem.len > 0 && pem.len <= INT32_MAX ? BIO_new_mem_buf(pem.data, (int)pem.len) : NULL;
}

void pem_bio_freep(BIO **bio)
{
	BIO_free(*bio);
}

int pem_no_passphrase(char *buf maybe_unused, int size maybe_unused, int rwflag maybe_unused,
                      void *u maybe_unused)
{
	return -1;
}

/* A growing list of hashes. A zeroed one is empty. */
#ifndef SWORNLOG_VERIFY_HASH_LIST_H
#define SWORNLOG_VERIFY_HASH_LIST_H

#include "lib/digest.h"

struct hash_list {
	struct hash *node;
	size_t len;
	size_t cap;
};

void hash_list_done(struct hash_list *l);
must_check int hash_list_add(struct hash_list *l, const struct hash *h);

#endif

#include "verify/hash_list.h"

void hash_list_done(struct hash_list *l)
{
	free(l->node);
	*l = (struct hash_list){ 0 };
}

int hash_list_add(struct hash_list *l, const struct hash *h)
{
	if (l->len == l->cap) {
		size_t cap = MAX(l->cap * 2, (size_t)16);
		struct hash *grown = reallocarray(l->node, cap, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		l->node = grown;
		l->cap = cap;
	}
	l->node[l->len++] = *h;
	return 0;
}

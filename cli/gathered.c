#include "cli/gathered.h"

static int set_bytes(struct buf *b, struct span bytes)
{
	buf_reset(b);
	buf_put(b, bytes.data, bytes.len);
	return buf_err(b);
}

int kept_batch_set(struct kept_batch *k, const struct batch *b, const struct batch_leaves *l)
{
	k->size = b->head.size;
	k->identity = note_signature_count(&b->note) > 1;
	int r = set_bytes(&k->note, b->note_bytes);
	return r < 0 ? r : set_bytes(&k->seal, batch_leaves_entry(l, b->count - 1));
}

int kept_batch_copy(struct kept_batch *k, const struct kept_batch *from)
{
	k->size = from->size;
	k->identity = from->identity;
	int r = set_bytes(&k->note, buf_span(&from->note));
	return r < 0 ? r : set_bytes(&k->seal, buf_span(&from->seal));
}

void kept_batch_done(struct kept_batch *k)
{
	buf_done(&k->note);
	buf_done(&k->seal);
}

int kept_run_add(struct kept_run *r, const struct kept_batch *k)
{
	if (!r->batch)
		r->batch = calloc(PROOF_MAX_LINKS, sizeof(*r->batch));
	if (!r->batch)
		return -ENOMEM;
	if (r->count == PROOF_MAX_LINKS) {
		r->overflow = true;
		return 0;
	}
	int e = kept_batch_copy(&r->batch[r->count], k);
	r->count += e == 0 ? 1 : 0;
	return e;
}

int kept_run_copy(struct kept_run *r, const struct kept_run *from)
{
	kept_run_clear(r);
	for (size_t i = 0; i < from->count; i++) {
		int e = kept_run_add(r, &from->batch[i]);
		if (e < 0)
			return e;
	}
	r->overflow = from->overflow;
	return 0;
}

void kept_run_clear(struct kept_run *r)
{
	r->count = 0;
	r->overflow = false;
}

void kept_run_done(struct kept_run *r)
{
	for (size_t i = 0; r->batch && i < PROOF_MAX_LINKS; i++)
		kept_batch_done(&r->batch[i]);
	free(r->batch);
	*r = (struct kept_run){ 0 };
}

int kept_commit_set(struct kept_commit *k, const struct fleet_record *record, uint64_t position,
                    const struct record_head *head)
{
	struct cursor c = record->heads;
	struct record_head one;
	cleanup_free struct hash *leaf = calloc(record->head_count, sizeof(*leaf));
	if (!leaf)
		return -ENOMEM;
	size_t n = 0;
	while (n < record->head_count && record_next_head(&c, &one))
		commit_leaf(one.origin, one.size, &one.root, &leaf[n++]);
	if (n != record->head_count || n > COMMIT_MAX_HEADS)
		return -EBADMSG;
	k->size = head->size;
	k->root = head->root;
	k->index = record->index;
	k->position = position;
	k->heads = n;
	k->path_len = merkle_path(leaf, n, (size_t)position, k->path);
	k->found = true;
	return set_bytes(&k->entry, record->entry);
}

void kept_commit_done(struct kept_commit *k)
{
	buf_done(&k->entry);
}

void wanted_done(struct wanted *w)
{
	buf_done(&w->leaf);
	buf_done(&w->process_leaf);
	kept_batch_done(&w->own);
	kept_batch_done(&w->signed_by);
	kept_run_done(&w->before);
	kept_commit_done(&w->committed);
	kept_commit_done(&w->signed_committed);
}

void kept_statements_done(struct kept_statements *k)
{
	for (size_t i = 0; i < k->count; i++)
		buf_done(&k->list[i].entry);
	free(k->list);
	*k = (struct kept_statements){ 0 };
}

static void need_token(struct kept_statements *k, const struct hash *token)
{
	for (size_t i = 0; i < k->count; i++) {
		if (hash_equal(&k->list[i].token, token))
			k->list[i].needed = true;
	}
}

int kept_statements_add(struct kept_statements *k, const struct statement *s, uint64_t index,
                        struct span entry)
{
	if (k->count == k->cap) {
		size_t cap = MAX(k->cap * 2, (size_t)16);
		struct kept_statement *grown = reallocarray(k->list, cap, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		k->list = grown;
		k->cap = cap;
	}
	bool token = s->kind == STATEMENT_TOKEN;
	k->list[k->count] = (struct kept_statement){ .index = index, .needed = !token };
	if (token)
		k->list[k->count].token = s->token;
	else if (s->has_token)
		need_token(k, &s->token);
	return set_bytes(&k->list[k->count++].entry, entry);
}

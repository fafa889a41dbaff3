#include "sink/hash_in.h"

#include "lib/file.h"
#include "sink/silence.h"

static int read_batch(const struct core *c, const struct unhashed *u, struct buf *record, struct batch *ret)
{
	enum record_type type;
	struct span payload;
	buf_reset(record);
	uint8_t *into = buf_extend(record, (size_t)u->length);
	if (!into)
		return buf_err(record);
	int r = file_read_exact(c->env, c->journal.fd, into, (size_t)u->length, u->offset);
	if (r < 0)
		return r;
	ssize_t n = record_parse((struct span){ record->data, record->len }, &c->journal.file, u->offset,
	                         &type, &payload);
	if (n != (ssize_t)u->length || type != RECORD_BATCH ||
	    batch_parse(payload, ret) != (ssize_t)payload.len)
		return -EBADMSG;
	return 0;
}

static int hash_one(struct core *c, struct host *h, struct chain *chain, const struct unhashed *u)
{
	cleanup_buf struct buf record = { 0 };
	struct batch b;
	enum chain_verdict verdict;
	struct chain_result result;
	/* The key may have been another one then. */
	int r = key_make(h->standing.identity.name, KEY_TYPE_ED25519, &u->identity, &chain->identity);
	if (r == 0)
		r = read_batch(c, u, &record, &b);
	if (r == 0)
		r = chain_check(chain, &b, CHAIN_SHALLOW, c->scratch, &verdict, &result);
	if (r < 0)
		return r;
	if (verdict != CHAIN_OK)
		return -EBADMSG;
	if (h->presence != PRESENCE_SILENT)
		h->presence = silence_is_goodbye(result.raw) ? PRESENCE_GOODBYE : PRESENCE_HEARD;
	return 0;
}

static int check_end(const struct host *h)
{
	struct hash root;
	frontier_root(&h->chain.tree, &root);
	return h->chain.tree.size == h->head.size && hash_equal(&root, &h->head.root) ? 0 : -EBADMSG;
}

int hash_in_step(struct core *c, struct host *h)
{
	if (h->unhashed_count == 0)
		return 0;
	int r = 0;
	if (h->unhashed_at < h->unhashed_count)
		r = hash_one(c, h, &h->chain, &h->unhashed[h->unhashed_at]);
	if (r < 0)
		return r;
	if (++h->unhashed_at < h->unhashed_count)
		return 1;
	r = check_end(h);
	if (r < 0)
		return r;
	h->chain.identity = h->standing.identity;
	free(TAKE_PTR(h->unhashed));
	h->unhashed_count = h->unhashed_at = 0;
	c->unhashed_hosts--;
	return 0;
}

bool hash_in_next(struct core *c, struct host **ret, int *ret_error)
{
	while (c->unhashed_hosts > 0 && c->hash_in_at < c->hosts.count) {
		struct host *h = c->hosts.row[c->hash_in_at];
		*ret_error = hash_in_step(c, h);
		if (*ret_error <= 0)
			c->hash_in_at++;
		if (*ret_error == 0)
			continue;
		*ret = h;
		return true;
	}
	return false;
}

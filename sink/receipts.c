#include "sink/receipts.h"

static int fill_proofs(struct core *c, struct receipt *r)
{
	const struct proof *p;
	int e = proofs_get(&c->proofs, &c->log, false, r->index, &p);
	if (e < 0)
		return e;
	r->fleet_path_len = p->len;
	memcpy(r->fleet_path, p->path, p->len * sizeof(p->path[0]));
	if (r->old_size > c->log.frontier.size)
		return 0;
	e = proofs_get(&c->proofs, &c->log, true, r->old_size, &p);
	if (e < 0)
		return e;
	r->consistency_len = p->len;
	memcpy(r->consistency, p->path, p->len * sizeof(p->path[0]));
	return 0;
}

/* The newest checkpoint that has its witnesses, and how the log grew since. */
static int fill_witnessed(struct core *c, struct receipt *r)
{
	const struct proof *p;
	r->has_witnessed = c->asks_witnesses;
	if (c->witnessed == 0)
		return 0;
	int e = proofs_get(&c->proofs, &c->log, true, c->witnessed, &p);
	if (e < 0)
		return e;
	r->witnessed = (struct span){ c->cosigned.data, c->cosigned.len };
	r->witnessed_proof_len = p->len;
	memcpy(r->witnessed_proof, p->path, p->len * sizeof(p->path[0]));
	return 0;
}

int receipts_put(struct core *c, const struct host *h, uint64_t held, struct buf *out)
{
	const struct commitment *k = &h->commitment;
	char origin[ORIGIN_MAX + 1];
	origin_format(&h->chain.origin, origin);
	struct receipt r = { .origin = { (const uint8_t *)origin, strlen(origin) },
		             .size = h->head.size,
		             .root = h->head.root,
		             .position = k->position,
		             .heads = k->heads,
		             .commit_path_len = k->path_len,
		             .entry = { k->entry, k->entry_len },
		             .index = k->index,
		             .old_size = held,
		             .log_keys = { c->roll.log_keys.data, c->roll.log_keys.len },
		             .note = { c->log.note.data, c->log.note.len } };
	memcpy(r.commit_path, k->path, k->path_len * sizeof(k->path[0]));
	int e = fill_proofs(c, &r);
	if (e == 0)
		e = fill_witnessed(c, &r);
	if (e < 0)
		return e;
	receipt_put(out, &r);
	return buf_err(out);
}

int receipts_put_conflict(struct core *c, const struct host *h, const char *reason, uint64_t held,
                          struct buf *out)
{
	cleanup_buf struct buf receipt = { 0 };
	struct conflict k = { .reason = { (const uint8_t *)reason, strlen(reason) },
		              .epoch = h->head.epoch,
		              .size = h->head.size,
		              .note = { h->note.data, h->note.len },
		              .log = { c->log.note.data, c->log.note.len } };
	if (h->head.epoch > 0) {
		int r = receipts_put(c, h, held, &receipt);
		if (r < 0)
			return r;
		k.receipt = (struct span){ receipt.data, receipt.len };
	}
	conflict_put(out, &k);
	return buf_err(out);
}

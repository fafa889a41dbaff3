#include <stdio.h>

#include "sealer/host_log_state.h"

#define IDENTITY_EVERY_US 10000000u
/* What one request takes: beyond that the shipper announces the newest head that the identity key has signed.
 */
#define BACKLOG_BATCHES 64
#define BACKLOG_BYTES   ((uint64_t)8 << 20)

static int64_t now_in_batch(const struct host_log *l)
{
	return (int64_t)host_log_env(l)->boot_us(host_log_env(l)) - (int64_t)l->clock.boot_us;
}

static int add_losses(struct host_log *l, const struct ledger *ledger)
{
	struct account *a = &l->pending.account;
	for (size_t i = 0; i < ledger->count; i++) {
		struct loss loss = ledger_loss(&ledger->row[i]);
		size_t at = l->raw.len;
		buf_put_u16be(&l->raw, 0);
		loss_put_body(&l->raw, &loss, now_in_batch(l));
		int r = host_log_take_body(l, at);
		if (r < 0)
			return r;
		if (loss.exactness == EXACT || loss.exactness == LOWER_BOUND)
			a->lost += loss.count;
		a->exactness = MAX(a->exactness, loss.exactness);
	}
	return 0;
}

static int add_seal(struct host_log *l, const struct ed25519_public *next_key)
{
	host_log_close_account(&l->pending.account);
	struct seal s = {
		.first = l->now.tree.size,
		.count = l->pending.count + 1u,
		.clock = l->clock,
		.next_key = *next_key,
		.account = l->pending.account,
		.high_water = { l->high_water.data, l->high_water.len },
		.has_posture = l->has_posture,
		.posture = l->posture,
		.config = l->options.config,
		.fleet = l->fleet,
	};
	memcpy(s.boot_id, l->options.boot_id, sizeof(s.boot_id));
	size_t at = l->raw.len;
	buf_put_u16be(&l->raw, 0);
	seal_put_body(&l->raw, &s, now_in_batch(l));
	return host_log_take_body(l, at);
}

/* Go back to what was pending before the losses and the seal were added. */
static int undo(struct host_log *l, const struct pending *before)
{
	l->pending = *before;
	l->raw.len = before->raw_len;
	int r = salter_start(l->salter, l->seed);
	uint8_t salt[ENTRY_SALT_BYTES];
	for (uint32_t i = 0; r == 0 && i < before->count; i++)
		r = salter_next(l->salter, salt);
	return r;
}

static void seal_key_name(const struct host_log *l, char ret[KEY_NAME_MAX + 1])
{
	snprintf(ret, KEY_NAME_MAX + 1, "%s/seal", l->origin);
}

static int sign_lines(const struct host_log *l, struct span text, const struct ed25519_secret *secret,
                      bool identity, struct buf *ret)
{
	char name[KEY_NAME_MAX + 1];
	struct signer seal = { .secret = *secret };
	seal_key_name(l, name);
	int r = key_make(name, KEY_TYPE_ED25519, &secret->public_key, &seal.key);
	if (r == 0)
		r = note_put_signature(ret, text, &seal);
	if (r == 0 && identity)
		r = note_put_signature(ret, text, l->options.identity);
	signer_wipe(&seal);
	return r;
}

static size_t signature_bytes(const struct host_log *l, bool identity)
{
	char name[KEY_NAME_MAX + 1];
	seal_key_name(l, name);
	return note_signature_bytes(name) +
	       (identity ? note_signature_bytes(l->options.identity->key.name) : 0);
}

static int put_batch(struct host_log *l, bool identity, struct buf *ret)
{
	struct hash root;
	frontier_root(&l->pending.tree, &root);
	struct batch_parts parts = {
		.codec = l->options.codec,
		.origin = l->origin,
		.count = l->pending.count,
		.first = l->now.tree.size,
		.seed = l->seed,
		.raw = { l->raw.data, l->raw.len },
		.root = &root,
		.signature_bytes = signature_bytes(l, identity),
	};
	return batch_put_unsigned(ret, &parts);
}

int host_log_finish(struct host_log *l, struct span bytes, const struct slot *signs, const struct slot *next,
                    struct spool_batch *row)
{
	struct batch b;
	size_t offset;
	cleanup_buf struct buf lines = { 0 };
	if (batch_parse_unsigned(bytes, &b, &offset) < 0)
		return -ENOTRECOVERABLE;
	size_t room = bytes.len - offset;
	bool identity = room > signature_bytes(l, false);
	int r = sign_lines(l, b.note.text, &signs->secret, identity, &lines);
	if (r == 0 && lines.len != room)
		r = -ENOTRECOVERABLE;
	row->epoch = signs->epoch;
	row->first = b.first;
	row->count = b.count;
	row->bytes = bytes.len;
	row->root = b.head.root;
	if (r == 0)
		r = spool_write_signatures(l->spool, row->epoch, row->first,
		                           (struct span){ lines.data, lines.len }, offset);
	if (r == 0)
		r = slots_erase(&l->slots, signs->generation);
	if (r == 0)
		r = spool_publish(l->spool, row);
	if (r < 0)
		return -ENOTRECOVERABLE;
	if (identity)
		l->identity_us = host_log_env(l)->boot_us(host_log_env(l));
	host_log_adopt(l, next);
	return 0;
}

static bool backlog(const struct spool *s)
{
	return s->count - s->receipted >= BACKLOG_BATCHES || spool_unreceipted_bytes(s) >= BACKLOG_BYTES;
}

static bool identity_due(const struct host_log *l)
{
	return l->now.tree.size == 0 || backlog(l->spool) ||
	       host_log_env(l)->boot_us(host_log_env(l)) - l->identity_us >= IDENTITY_EVERY_US;
}

/* Steps 1 and 2. */
static int persist(struct host_log *l, const struct slot *next, struct buf *batch)
{
	bool identity = identity_due(l);
	int r = put_batch(l, identity, batch);
	if (r == 0)
		r = slots_write(&l->slots, next);
	if (r < 0)
		return r;
	size_t total = batch->len + signature_bytes(l, identity);
	r = spool_write_unsigned(l->spool, l->now.epoch, l->now.tree.size,
	                         (struct span){ batch->data, batch->len }, total);
	if (r < 0)
		return r;
	uint8_t *rest = buf_extend(batch, total - batch->len);
	if (!rest)
		return buf_err(batch);
	memset(rest, 0, total - (size_t)(rest - batch->data));
	return 0;
}

static int make_next(struct host_log *l, const struct ledger *ledger, struct slot *next)
{
	int r = ed25519_generate(host_log_env(l), &next->secret);
	if (r == 0)
		r = add_losses(l, ledger);
	if (r == 0)
		r = add_seal(l, &next->secret.public_key);
	next->generation = l->now.generation + 1;
	next->epoch = l->now.epoch;
	next->tree = l->pending.tree;
	next->account = l->pending.account;
	next->has_posture = l->has_posture;
	next->posture = l->posture;
	return r;
}

int host_log_seal(struct host_log *l, struct ledger *ledger)
{
	int r = l->pending.count == 0 ? host_log_open_batch(l) : 0;
	if (r < 0)
		return r;
	struct pending before = l->pending;
	struct spool_batch row = { .oldest_boot_us = before.oldest_us, .critical = before.critical };
	struct slot next = { 0 }, signs = l->now;
	cleanup_buf struct buf batch = { 0 };
	r = make_next(l, ledger, &next);
	if (r == 0)
		r = persist(l, &next, &batch);
	if (r < 0)
		r = undo(l, &before) < 0 ? -ENOTRECOVERABLE : r;
	else
		r = host_log_finish(l, (struct span){ batch.data, batch.len }, &signs, &next, &row);
	if (r == 0)
		ledger->count = 0;
	slot_wipe(&next);
	slot_wipe(&signs);
	return r;
}

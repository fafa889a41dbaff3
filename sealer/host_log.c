#include "sealer/host_log_state.h"

#include <stdio.h>

#include <openssl/crypto.h>

#include "lib/cbor.h"

/* A batch of this size packs into BATCH_MAX_PACKED whatever is in it. */
#define PENDING_MAX_RAW ((size_t)960 << 10)
/* Kept free for loss entries and the seal. */
#define RESERVE_RAW   ((size_t)48 << 10)
#define RESERVE_COUNT (LEDGER_ROWS + 8)

#define IDENTITY_EVERY_US 10000000u

static void reset_pending(struct host_log *l)
{
	buf_reset(&l->raw);
	l->pending = (struct pending){ .tree = l->now.tree, .account = l->now.account };
}

void host_log_adopt(struct host_log *l, const struct slot *s)
{
	l->now = *s;
	l->has_posture = s->has_posture;
	l->posture = s->posture;
	struct origin o = { .epoch = s->epoch };
	snprintf(o.fleet, sizeof(o.fleet), "%s", l->options.fleet);
	snprintf(o.host, sizeof(o.host), "%s", l->options.host);
	origin_format(&o, l->origin);
	reset_pending(l);
}

uint32_t host_log_epoch(const struct host_log *l)
{
	return l->now.epoch;
}

uint64_t host_log_size(const struct host_log *l)
{
	return l->pending.tree.size;
}

size_t host_log_pending(const struct host_log *l)
{
	return l->pending.count;
}

bool host_log_fresh(const struct host_log *l)
{
	return l->now.tree.size == 0;
}

static void close_account(struct account *a)
{
	a->emitted = a->stored + a->filtered + a->lost;
}

struct account host_log_account(const struct host_log *l)
{
	struct account a = l->pending.account;
	close_account(&a);
	return a;
}

static struct clock_base read_clock(const struct env *env)
{
	uint64_t before = env->boot_us(env);
	uint64_t wall = env->wall_us(env);
	uint64_t after = env->boot_us(env);
	return (struct clock_base){ .boot_us = before, .wall_us = wall, .error_us = after - before };
}

/* Take one encoded body, which begins at raw.data + at + 2, into the tree. */
static int take_body(struct host_log *l, size_t at)
{
	static const uint8_t leaf_prefix = 0x00;
	uint8_t salt[ENTRY_SALT_BYTES];
	size_t n = l->raw.len - at - 2;
	int r = buf_err(&l->raw);
	if (r == 0 && n > ENTRY_BODY_MAX)
		r = -EMSGSIZE;
	if (r == 0)
		r = salter_next(l->salter, salt);
	if (r < 0) {
		l->raw.len = at;
		l->raw.err = 0;
		return r;
	}
	l->raw.data[at] = (uint8_t)(n >> 8);
	l->raw.data[at + 1] = (uint8_t)n;
	struct span parts[] = { { &leaf_prefix, 1 }, { salt, sizeof(salt) }, { l->raw.data + at + 2, n } };
	struct hash leaf;
	sha256_parts(parts, ARRAY_SIZE(parts), &leaf);
	frontier_add(&l->pending.tree, &leaf);
	l->pending.count++;
	l->pending.raw_len = l->raw.len;
	return 0;
}

static int open_batch(struct host_log *l)
{
	int r = host_log_env(l)->random(host_log_env(l), l->seed, sizeof(l->seed));
	if (r == 0)
		r = salter_start(l->salter, l->seed);
	if (r < 0)
		return r;
	l->clock = read_clock(host_log_env(l));
	if (l->now.tree.size > 0)
		return 0;
	buf_put_u16be(&l->raw, 0);
	buf_put(&l->raw, l->epoch_body.data, l->epoch_body.len);
	return take_body(l, 0);
}

static int make_room(struct host_log *l)
{
	if (l->pending.count == 0)
		return open_batch(l);
	if (l->pending.count + RESERVE_COUNT >= BATCH_MAX_COUNT)
		return -ENOSPC;
	return l->raw.len + RESERVE_RAW >= PENDING_MAX_RAW ? -ENOSPC : 0;
}

int host_log_add(struct host_log *l, const struct entry *e, uint64_t boot_us, bool critical,
                 uint64_t *ret_index)
{
	int r = make_room(l);
	if (r < 0)
		return r;
	struct entry placed = *e;
	placed.time_us = (int64_t)(boot_us - l->clock.boot_us);
	size_t at = l->raw.len;
	buf_put_u16be(&l->raw, 0);
	entry_put_body(&l->raw, &placed);
	r = take_body(l, at);
	if (r < 0)
		return r;
	if (e->kind >= ENTRY_FIRST_EVENT_KIND)
		l->pending.account.stored++;
	if (l->pending.oldest_us == 0 || boot_us < l->pending.oldest_us)
		l->pending.oldest_us = boot_us;
	l->pending.critical = l->pending.critical || critical;
	*ret_index = l->pending.tree.size - 1;
	return 0;
}

int host_log_add_fields(struct host_log *l, enum entry_kind kind, struct span fields)
{
	struct entry e = {
		.kind = kind, .sensors = SENSOR_AGENT, .process = ENTRY_NO_PROCESS, .fields = fields
	};
	uint64_t index;
	return host_log_add(l, &e, host_log_env(l)->boot_us(host_log_env(l)),
	                    kind == KIND_AGENT || kind == KIND_GOODBYE, &index);
}

int host_log_add_agent(struct host_log *l, enum agent_what what, const char *detail)
{
	cleanup_buf struct buf f = { 0 };
	cbor_put_map(&f, detail ? 2 : 1);
	cbor_put_uint(&f, 0);
	cbor_put_uint(&f, what);
	if (detail) {
		cbor_put_uint(&f, 1);
		cbor_put_bytes(&f, detail, strlen(detail));
	}
	if (buf_err(&f))
		return buf_err(&f);
	return host_log_add_fields(l, KIND_AGENT, (struct span){ f.data, f.len });
}

void host_log_set_posture(struct host_log *l, struct span fields)
{
	l->has_posture = true;
	sha256(fields.data, fields.len, &l->posture);
}

void host_log_set_config(struct host_log *l, const struct hash *config)
{
	l->options.config = *config;
}

void host_log_count_filtered(struct host_log *l, uint64_t n)
{
	l->pending.account.filtered += n;
}

int host_log_set_high_water(struct host_log *l, struct span array)
{
	buf_reset(&l->high_water);
	buf_put(&l->high_water, array.data, array.len);
	return buf_err(&l->high_water);
}

void host_log_set_fleet_head(struct host_log *l, const struct fleet_head *head)
{
	l->fleet = *head;
}

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
		int r = take_body(l, at);
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
	close_account(&l->pending.account);
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
	return take_body(l, at);
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

/* Steps 3 to 5 of section 14: from here on there is no way back. `bytes` is the batch without its signatures.
 */
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

static bool identity_due(const struct host_log *l)
{
	return l->now.tree.size == 0 ||
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
	int r = l->pending.count == 0 ? open_batch(l) : 0;
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

int host_log_new_epoch(struct host_log *l, struct epoch_start *start, uint32_t above, struct ledger *ledger)
{
	uint64_t dropped = l->pending.account.stored - l->now.account.stored;
	if (dropped)
		ledger_add(ledger, LOSS_SEALER_DOWN, EXACT, 0, dropped, 0, "dropped when a new epoch began");
	uint64_t filtered = l->pending.account.filtered - l->now.account.filtered;
	struct slot known = l->now;
	start->epoch = (uint64_t)MAX(above, known.epoch) + 1;
	int r = host_log_begin_epoch(l, start, &known);
	slot_wipe(&known);
	if (r == 0)
		host_log_count_filtered(l, filtered);
	return r;
}

static void host_log_freep(struct host_log **l)
{
	host_log_close(*l);
}

int host_log_open(const struct host_log_options *options, int state_fd, struct spool *spool,
                  struct host_log **ret)
{
	cleanup(host_log_freep) struct host_log *l = calloc(1, sizeof(*l));
	if (!l)
		return -ENOMEM;
	l->options = *options;
	l->state_fd = state_fd;
	l->spool = spool;
	l->slots.fd = -1;
	int r = salter_new(&l->salter);
	if (r == 0)
		r = slots_open(options->env, state_fd, &l->slots);
	if (r == 0)
		r = host_log_recover(l);
	if (r == 0)
		*ret = TAKE_PTR(l);
	return r;
}

void host_log_close(struct host_log *l)
{
	if (!l)
		return;
	if (l->slots.fd >= 0)
		slots_close(&l->slots);
	salter_free(l->salter);
	buf_done(&l->raw);
	buf_done(&l->epoch_body);
	buf_done(&l->high_water);
	slot_wipe(&l->now);
	OPENSSL_cleanse(l->seed, sizeof(l->seed));
	free(l);
}

#include "sealer/host_log.h"

#include <stdio.h>

#include <openssl/crypto.h>

#include "lib/cbor.h"
#include "lib/file.h"
#include "lib/text.h"
#include "sealer/epoch_file.h"

/* A batch of this size packs into BATCH_MAX_PACKED whatever is in it. */
#define PENDING_MAX_RAW ((size_t)960 << 10)
/* Kept free for loss entries and the seal. */
#define RESERVE_RAW   ((size_t)48 << 10)
#define RESERVE_COUNT (LEDGER_ROWS + 8)

#define IDENTITY_EVERY_US 10000000u

/* What a batch is made of before it is sealed. Plain values, so that a failed seal can be undone by copying
 * them back. */
struct pending {
	size_t raw_len;
	uint32_t count;
	struct frontier tree;
	struct account account;
	uint64_t oldest_us;
	bool critical;
};

struct host_log {
	struct host_log_options options;
	int state_fd;
	struct spool *spool;
	struct slots slots;
	char origin[ORIGIN_MAX + 1];

	/* The log as it is sealed, and the key that signs next. */
	struct slot now;
	struct buf epoch_body; /* for the first entry of an epoch that has none yet */
	uint64_t identity_us;  /* boot time of the identity key's last signature */

	struct pending pending;
	struct buf raw;
	struct clock_base clock;
	uint8_t seed[BATCH_SEED_BYTES];
	struct salter *salter;

	struct buf high_water;
	struct fleet_head fleet;
	bool has_posture;
	struct hash posture;
};

static const struct env *env_of(const struct host_log *l)
{
	return l->options.env;
}

static void reset_pending(struct host_log *l)
{
	buf_reset(&l->raw);
	l->pending = (struct pending){ .tree = l->now.tree, .account = l->now.account };
}

static void adopt(struct host_log *l, const struct slot *s)
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

/* --- gathering
 * ----------------------------------------------------------------------------------------------------- */

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
	int r = env_of(l)->random(env_of(l), l->seed, sizeof(l->seed));
	if (r == 0)
		r = salter_start(l->salter, l->seed);
	if (r < 0)
		return r;
	l->clock = read_clock(env_of(l));
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
	placed.time_us = (int64_t)boot_us - (int64_t)l->clock.boot_us;
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
	return host_log_add(l, &e, env_of(l)->boot_us(env_of(l)), kind == KIND_AGENT || kind == KIND_GOODBYE,
	                    &index);
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

/* --- sealing
 * ------------------------------------------------------------------------------------------------------- */

static int64_t now_in_batch(const struct host_log *l)
{
	return (int64_t)env_of(l)->boot_us(env_of(l)) - (int64_t)l->clock.boot_us;
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
static int finish(struct host_log *l, struct span bytes, const struct slot *signs, const struct slot *next,
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
		l->identity_us = env_of(l)->boot_us(env_of(l));
	adopt(l, next);
	return 0;
}

static bool identity_due(const struct host_log *l)
{
	return l->now.tree.size == 0 || env_of(l)->boot_us(env_of(l)) - l->identity_us >= IDENTITY_EVERY_US;
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
	int r = ed25519_generate(env_of(l), &next->secret);
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
		r = finish(l, (struct span){ batch.data, batch.len }, &signs, &next, &row);
	if (r == 0)
		ledger->count = 0;
	slot_wipe(&next);
	slot_wipe(&signs);
	return r;
}

/* --- epochs
 * -------------------------------------------------------------------------------------------------------- */

static int put_epoch_body(struct host_log *l, const struct epoch_start *start)
{
	buf_reset(&l->epoch_body);
	epoch_put_body(&l->epoch_body, start, 0);
	return buf_err(&l->epoch_body);
}

/* The old keys go first: whatever is interrupted after that, the old epoch can't be continued. */
static int begin_epoch(struct host_log *l, struct epoch_start *start)
{
	struct slot first = { .generation = 1, .epoch = (uint32_t)start->epoch };
	int r = slots_erase(&l->slots, 0);
	if (r == 0)
		r = slots_erase(&l->slots, 1);
	if (r == 0)
		r = ed25519_generate(env_of(l), &first.secret);
	start->first_key = first.secret.public_key;
	start->fleet_vkey =
	        (struct span){ (const uint8_t *)l->options.fleet_vkey, strlen(l->options.fleet_vkey) };
	start->certificate = l->options.certificate;
	start->version = (struct span){ (const uint8_t *)SWORNLOG_VERSION, strlen(SWORNLOG_VERSION) };
	if (r == 0)
		r = put_epoch_body(l, start);
	if (r == 0)
		r = epoch_file_write(env_of(l), l->state_fd, first.epoch,
		                     (struct span){ l->epoch_body.data, l->epoch_body.len });
	if (r == 0)
		r = slots_write(&l->slots, &first);
	if (r == 0 && l->spool->count == 0)
		r = spool_set_base(l->spool, first.epoch, &first.tree);
	if (r == 0)
		adopt(l, &first);
	slot_wipe(&first);
	return r;
}

static void name_predecessor(const struct host_log *l, const struct slot *known, struct epoch_start *start)
{
	const struct spool_batch *b = spool_newest(l->spool);
	if (known && known->generation && known->tree.size > 0) {
		start->predecessor = (struct epoch_head){ .epoch = known->epoch,
			                                  .size = known->tree.size,
			                                  .has_size = true };
		frontier_root(&known->tree, &start->predecessor.root);
	} else if (b) {
		start->predecessor = (struct epoch_head){
			.epoch = b->epoch,
			.size = b->first + b->count,
			.root = b->root,
			.has_size = true,
		};
	} else if (start->epoch > 1) {
		start->predecessor = (struct epoch_head){ .epoch = start->epoch - 1 };
	}
}

int host_log_new_epoch(struct host_log *l, enum epoch_cause cause, uint32_t above,
                       const struct epoch_head *receipted, struct ledger *ledger)
{
	struct account lost = host_log_account(l);
	uint64_t dropped = lost.stored - l->now.account.stored;
	if (dropped)
		ledger_add(ledger, LOSS_SEALER_DOWN, EXACT, 0, dropped, 0, "dropped when a new epoch began");
	struct epoch_start start = { .epoch = (uint64_t)MAX(above, l->now.epoch) + 1, .cause = cause };
	if (receipted)
		start.receipted = *receipted;
	name_predecessor(l, &l->now, &start);
	return begin_epoch(l, &start);
}

/* --- recovery
 * ------------------------------------------------------------------------------------------------------ */

/* The unfinished batch holds what the newer slot says came next. */
static bool unfinished_fits(struct span bytes, const struct slot *from, const struct slot *to)
{
	struct batch b;
	size_t offset;
	cleanup_buf struct buf raw = { 0 };
	cleanup_salter struct salter *salter = NULL;
	struct frontier tree = from->tree;
	struct hash want, have;
	if (batch_parse_unsigned(bytes, &b, &offset) < 0 || b.origin.epoch != from->epoch ||
	    b.first != tree.size)
		return false;
	if (salter_new(&salter) < 0 || batch_unpack(&b, &raw) < 0 ||
	    batch_hash(&b, (struct span){ raw.data, raw.len }, salter, &tree) < 0)
		return false;
	frontier_root(&to->tree, &want);
	frontier_root(&tree, &have);
	return tree.size == to->tree.size && hash_equal(&want, &have) && hash_equal(&b.head.root, &have);
}

/* Stopped after the keys were persisted: sign again (the same bytes) if the batch is there, else it was never
 * signed. */
static int recover_two(struct host_log *l, const struct slot *older, const struct slot *newer)
{
	cleanup_buf struct buf bytes = { 0 };
	struct spool_batch row = { 0 };
	adopt(l, older);
	int r = spool_read_unfinished(l->spool, older->epoch, older->tree.size, &bytes);
	if (r < 0 && r != -ENOENT && r != -EFBIG)
		return r;
	struct span in = { bytes.data, bytes.len };
	if (r == 0 && unfinished_fits(in, older, newer))
		return finish(l, in, older, newer, &row);
	return slots_erase(&l->slots, newer->generation);
}

struct find_unfinished {
	struct spool_batch row;
	bool found;
};

static int look_at_unfinished(struct host_log *l, const char *name, struct find_unfinished *f)
{
	unsigned epoch;
	unsigned long long first;
	struct batch b;
	struct hash root;
	cleanup_buf struct buf bytes = { 0 };
	if (sscanf(name, "%10u-%20llu.tmp", &epoch, &first) != 2 || epoch != l->now.epoch)
		return 0;
	int r = spool_read_unfinished(l->spool, epoch, first, &bytes);
	if (r < 0)
		return r == -ENOENT || r == -EFBIG ? 0 : r;
	frontier_root(&l->now.tree, &root);
	struct span in = { bytes.data, bytes.len };
	if (batch_parse(in, &b) != (ssize_t)in.len || b.head.size != l->now.tree.size ||
	    !hash_equal(&b.head.root, &root))
		return 0;
	f->row = (struct spool_batch){
		.epoch = epoch, .first = b.first, .count = b.count, .bytes = in.len, .root = root
	};
	f->found = true;
	return 0;
}

/* Stopped after the used key was erased, before the batch had its final name. */
static int recover_one(struct host_log *l, const struct slot *only)
{
	cleanup_free char *names = NULL;
	size_t len;
	struct find_unfinished f = { 0 };
	adopt(l, only);
	if (only->tree.size == 0 || spool_find_end(l->spool, only->epoch, only->tree.size))
		return 0;
	int r = env_of(l)->list(env_of(l), l->spool->fd, &names, &len);
	for (size_t at = 0; r == 0 && !f.found && at < len; at += strlen(names + at) + 1)
		r = look_at_unfinished(l, names + at, &f);
	return r == 0 && f.found ? spool_publish(l->spool, &f.row) : r;
}

/* True if the spool knows more of this log than the slots do: the slots are from an older copy of the disk.
 */
static bool rolled_back(const struct host_log *l)
{
	const struct spool_batch *b = spool_newest(l->spool);
	return b && (b->epoch > l->now.epoch ||
	             (b->epoch == l->now.epoch && b->first + b->count > l->now.tree.size));
}

/* An epoch that has no batch yet needs its first entry again, as it was. */
static int restore_epoch_body(struct host_log *l)
{
	uint32_t epoch;
	struct entry e;
	struct epoch_start start;
	buf_reset(&l->epoch_body);
	int r = epoch_file_read(env_of(l), l->state_fd, &epoch, &l->epoch_body);
	if (r < 0)
		return r;
	struct span body = { l->epoch_body.data, l->epoch_body.len };
	if (epoch != l->now.epoch || entry_parse_body(body, &e) < 0 || epoch_parse(&e, &start) < 0 ||
	    memcmp(start.first_key.b, l->now.secret.public_key.b, 32) != 0)
		return -EBADMSG;
	return 0;
}

static int begin_after_loss(struct host_log *l, const struct slot *known, enum epoch_cause cause)
{
	uint32_t last = 0;
	cleanup_buf struct buf body = { 0 };
	int r = epoch_file_read(env_of(l), l->state_fd, &last, &body);
	if (r < 0 && r != -ENOENT && r != -EBADMSG)
		return r;
	const struct spool_batch *b = spool_newest(l->spool);
	bool unknown = r == -ENOENT && !b && !(known && known->generation);
	last = MAX(last, b ? b->epoch : 0);
	last = MAX(last, known ? known->epoch : 0);
	struct epoch_start start = { .epoch = (uint64_t)last + 1, .cause = unknown ? EPOCH_ENROLLED : cause };
	name_predecessor(l, known, &start);
	return begin_epoch(l, &start);
}

static int recover(struct host_log *l)
{
	struct slot slot[2] = { 0 };
	int r = slots_read(&l->slots, slot);
	if (r < 0)
		return r;
	bool two = slot[0].generation != 0;
	bool lost = slot[1].generation == 0 ||
	            (two && (slot[0].generation + 1 != slot[1].generation || slot[0].epoch != slot[1].epoch));
	if (lost)
		r = begin_after_loss(l, NULL, EPOCH_STATE_LOST);
	else if (two)
		r = recover_two(l, &slot[0], &slot[1]);
	else
		r = recover_one(l, &slot[1]);
	if (r == 0 && !lost && rolled_back(l))
		r = begin_after_loss(l, &slot[1], EPOCH_ROLLED_BACK);
	else if (r == 0 && !lost && l->now.tree.size == 0 && restore_epoch_body(l) < 0)
		r = begin_after_loss(l, NULL, EPOCH_STATE_LOST);
	slot_wipe(&slot[0]);
	slot_wipe(&slot[1]);
	return r < 0 ? r : spool_remove_unfinished(l->spool);
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
		r = recover(l);
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

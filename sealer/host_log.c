#include "sealer/host_log_state.h"

#include <stdio.h>

#include <openssl/crypto.h>

#include "lib/cbor.h"

/* A batch of this size packs into BATCH_MAX_PACKED whatever is in it. */
#define PENDING_MAX_RAW ((size_t)960 << 10)
/* Kept free for loss entries and the seal. */
#define RESERVE_RAW   ((size_t)48 << 10)
#define RESERVE_COUNT (LEDGER_ROWS + 8)

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

void host_log_close_account(struct account *a)
{
	a->emitted = a->stored + a->filtered + a->lost;
}

struct account host_log_account(const struct host_log *l)
{
	struct account a = l->pending.account;
	host_log_close_account(&a);
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
int host_log_take_body(struct host_log *l, size_t at)
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

int host_log_open_batch(struct host_log *l)
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
	return host_log_take_body(l, 0);
}

static int make_room(struct host_log *l)
{
	if (l->pending.count == 0)
		return host_log_open_batch(l);
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
	r = host_log_take_body(l, at);
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

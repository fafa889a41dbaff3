#include "evidence/intake.h"

#include "lib/cbor.h"

#define HEADER_BYTES     4
#define DETAIL_MAX_BYTES 255

static size_t begin_frame(struct buf *b, enum intake_type type)
{
	size_t start = b->len;
	buf_put_u32be(b, 0);
	buf_put_u8(b, (uint8_t)type);
	return start;
}

static void end_frame(struct buf *b, size_t start)
{
	if (b->err)
		return;
	size_t len = b->len - start - HEADER_BYTES;
	if (len > INTAKE_MAX_BYTES) {
		b->err = -EMSGSIZE;
		return;
	}
	for (size_t i = 0; i < HEADER_BYTES; i++)
		b->data[start + i] = (uint8_t)(len >> (8 * (HEADER_BYTES - 1 - i)));
}

void intake_put_event(struct buf *b, const struct intake_event *e)
{
	size_t start = begin_frame(b, INTAKE_EVENT);
	buf_put_u16be(b, e->kind);
	buf_put_u8(b, e->sensors);
	buf_put_u64be(b, e->boot_us);
	buf_put_u64be(b, e->process);
	buf_put_u64be(b, e->self);
	buf_put_u64be(b, e->parent);
	buf_put_u64be(b, e->previous);
	buf_put(b, e->fields.data, e->fields.len);
	end_frame(b, start);
}

void intake_put_loss(struct buf *b, const struct intake_loss *l)
{
	size_t start = begin_frame(b, INTAKE_LOSS);
	buf_put_u8(b, l->reason);
	buf_put_u8(b, l->exactness);
	buf_put_u16be(b, l->kind);
	buf_put_u64be(b, l->count);
	buf_put_u64be(b, l->since_boot_us);
	buf_put(b, l->detail.data, MIN(l->detail.len, (size_t)DETAIL_MAX_BYTES));
	end_frame(b, start);
}

void intake_put_counts(struct buf *b, const struct intake_counts *c)
{
	size_t start = begin_frame(b, INTAKE_COUNTS);
	uint32_t cpus = MIN(c->cpus, (uint32_t)INTAKE_MAX_CPUS);
	buf_put_u64be(b, c->emitted);
	buf_put_u64be(b, c->filtered);
	buf_put_u64be(b, c->lost);
	buf_put_u64be(b, c->sent);
	buf_put_u32be(b, cpus);
	for (uint32_t i = 0; i < cpus; i++)
		buf_put_u64be(b, c->high_water[i]);
	end_frame(b, start);
}

void intake_put_posture(struct buf *b, struct span fields)
{
	size_t start = begin_frame(b, INTAKE_POSTURE);
	buf_put(b, fields.data, fields.len);
	end_frame(b, start);
}

void intake_put_goodbye(struct buf *b)
{
	end_frame(b, begin_frame(b, INTAKE_GOODBYE));
}

void intake_put_rules(struct buf *b, const struct intake_rules *r)
{
	size_t start = begin_frame(b, INTAKE_RULES);
	buf_put_u8(b, r->refused);
	buf_put(b, r->digest.b, sizeof(r->digest.b));
	buf_put(b, r->text.data, r->refused ? MIN(r->text.len, (size_t)DETAIL_MAX_BYTES) : r->text.len);
	end_frame(b, start);
}

void intake_put_resumed(struct buf *b)
{
	end_frame(b, begin_frame(b, INTAKE_RESUMED));
}

/* One CBOR map up to the end of the frame. */
static struct span parse_map(struct cursor *c)
{
	struct span map = { c->at, cursor_left(c) };
	if (cbor_peek(c) != CBOR_MAP)
		cursor_fail(c);
	cbor_skip(c);
	return map;
}

static bool describes_process(uint16_t kind)
{
	return kind == KIND_PROCESS || kind == KIND_EXEC;
}

/* The two keys that the sealer puts in itself must not be there already. */
static bool has_sealer_keys(struct span map, bool describes)
{
	struct cursor c;
	cursor_init(&c, map.data, map.len);
	int64_t prev = -1;
	for (size_t n = cbor_map(&c); n > 0 && !c.err; n--) {
		uint64_t key = cbor_key(&c, &prev);
		if (describes ? key == PROCESS_PARENT || key == PROCESS_PREVIOUS : key == SYSTEM_TARGET)
			return true;
		cbor_skip(&c);
	}
	return false;
}

static void parse_event(struct cursor *c, struct intake_event *e)
{
	e->kind = cursor_u16be(c);
	e->sensors = cursor_u8(c);
	e->boot_us = cursor_u64be(c);
	e->process = cursor_u64be(c);
	e->self = cursor_u64be(c);
	e->parent = cursor_u64be(c);
	e->previous = cursor_u64be(c);
	e->fields = parse_map(c);
	if (c->err)
		return;

	bool describes = describes_process(e->kind);
	if (e->kind < ENTRY_FIRST_EVENT_KIND || describes != (e->self != INTAKE_NO_PROCESS))
		cursor_fail(c);
	bool aims = entry_kind_aims(e->kind);
	if (!describes && (e->previous || (e->parent && !aims)))
		cursor_fail(c);
	if ((describes || aims) && has_sealer_keys(e->fields, describes))
		cursor_fail(c);
}

static bool is_detail(struct span s)
{
	bool good = s.len <= DETAIL_MAX_BYTES;
	for (size_t i = 0; i < s.len; i++)
		good = good && s.data[i] >= 0x20 && s.data[i] <= 0x7e;
	return good;
}

static void parse_rules(struct cursor *c, struct intake_rules *r)
{
	uint8_t state = cursor_u8(c);
	r->refused = state == 1;
	cursor_copy(c, r->digest.b, sizeof(r->digest.b));
	r->text = cursor_bytes(c, cursor_left(c));
	if (state > 1 || r->text.len > INTAKE_RULES_MAX_BYTES || (r->refused && !is_detail(r->text)))
		cursor_fail(c);
}

static void parse_loss(struct cursor *c, struct intake_loss *l)
{
	l->reason = cursor_u8(c);
	l->exactness = cursor_u8(c);
	l->kind = cursor_u16be(c);
	l->count = cursor_u64be(c);
	l->since_boot_us = cursor_u64be(c);
	l->detail = cursor_bytes(c, cursor_left(c));
	if (!is_detail(l->detail) || l->exactness > UNKNOWN || !loss_reason_name(l->reason))
		cursor_fail(c);
}

static void parse_counts(struct cursor *c, struct intake_counts *counts)
{
	counts->emitted = cursor_u64be(c);
	counts->filtered = cursor_u64be(c);
	counts->lost = cursor_u64be(c);
	counts->sent = cursor_u64be(c);
	counts->cpus = cursor_u32be(c);
	if (counts->cpus > INTAKE_MAX_CPUS) {
		cursor_fail(c);
		return;
	}
	for (uint32_t i = 0; i < counts->cpus; i++)
		counts->high_water[i] = cursor_u64be(c);
}

/* `ret` may be half filled after an error. */
static int parse_body(struct cursor *c, struct intake_frame *ret)
{
	ret->type = (enum intake_type)cursor_u8(c);
	switch (ret->type) {
	case INTAKE_EVENT:
		parse_event(c, &ret->event);
		break;
	case INTAKE_LOSS:
		parse_loss(c, &ret->loss);
		break;
	case INTAKE_COUNTS:
		parse_counts(c, &ret->counts);
		break;
	case INTAKE_POSTURE:
		ret->posture = parse_map(c);
		break;
	case INTAKE_GOODBYE:
	case INTAKE_RESUMED:
		break;
	case INTAKE_RULES:
		parse_rules(c, &ret->rules);
		break;
	default:
		return -EBADMSG;
	}
	return cursor_finish(c);
}

ssize_t intake_parse(struct span in, struct intake_frame *ret)
{
	if (in.len < HEADER_BYTES)
		return 0;
	struct cursor c;
	cursor_init(&c, in.data, in.len);
	uint32_t len = cursor_u32be(&c);
	if (len == 0 || len > INTAKE_MAX_BYTES)
		return -EBADMSG;
	if (cursor_left(&c) < len)
		return 0;

	cursor_init(&c, in.data + HEADER_BYTES, len);
	int err = parse_body(&c, ret);
	return err ? err : (ssize_t)(HEADER_BYTES + len);
}

#include "evidence/uplink.h"

#define LENGTH_BYTES 4

static void put_place(struct buf *b, const struct uplink_message *m)
{
	buf_put_u32be(b, m->epoch);
	buf_put_u64be(b, m->first);
}

static void put_fields(struct buf *b, const struct uplink_message *m)
{
	switch (m->type) {
	case UPLINK_READY:
		put_place(b, m);
		buf_put_u64be(b, m->held);
		break;
	case UPLINK_SHIP_FROM:
		put_place(b, m);
		break;
	case UPLINK_RECEIPT:
		buf_put(b, m->body.data, m->body.len);
		break;
	case UPLINK_CONFLICT:
		put_place(b, m);
		buf_put(b, m->body.data, m->body.len);
		break;
	case UPLINK_REFUSED:
		buf_put_u16be(b, m->status);
		put_place(b, m);
		buf_put(b, m->body.data, m->body.len);
		break;
	}
}

void uplink_put(struct buf *b, const struct uplink_message *m)
{
	cleanup_buf struct buf inside = { 0 };
	buf_put_u8(&inside, (uint8_t)m->type);
	put_fields(&inside, m);
	if (!inside.err && inside.len > UPLINK_MAX_BYTES)
		inside.err = -EMSGSIZE;
	if (inside.err) {
		b->err = b->err ? b->err : inside.err;
		return;
	}
	buf_put_u32be(b, (uint32_t)inside.len);
	buf_put(b, inside.data, inside.len);
}

static void get_place(struct cursor *c, struct uplink_message *m)
{
	m->epoch = cursor_u32be(c);
	m->first = cursor_u64be(c);
}

static void get_fields(struct cursor *c, struct uplink_message *m)
{
	switch (m->type) {
	case UPLINK_READY:
		get_place(c, m);
		m->held = cursor_u64be(c);
		return;
	case UPLINK_SHIP_FROM:
		get_place(c, m);
		return;
	case UPLINK_RECEIPT:
		break;
	case UPLINK_CONFLICT:
		get_place(c, m);
		break;
	case UPLINK_REFUSED:
		m->status = cursor_u16be(c);
		get_place(c, m);
		break;
	default:
		cursor_fail(c);
		return;
	}
	m->body = cursor_bytes(c, cursor_left(c));
}

ssize_t uplink_parse(struct span in, struct uplink_message *ret)
{
	struct cursor c;
	if (in.len < LENGTH_BYTES)
		return 0;
	cursor_init(&c, in.data, in.len);
	uint32_t n = cursor_u32be(&c);
	if (n == 0 || n > UPLINK_MAX_BYTES)
		return -EBADMSG;
	if (cursor_left(&c) < n)
		return 0;
	cursor_init(&c, in.data + LENGTH_BYTES, n);
	struct uplink_message m = { .type = (enum uplink_type)cursor_u8(&c) };
	get_fields(&c, &m);
	if (cursor_finish(&c) < 0)
		return -EBADMSG;
	*ret = m;
	return (ssize_t)(LENGTH_BYTES + n);
}

#include "sink/witness_message.h"

void witness_message_put(struct buf *b, const struct witness_message *m)
{
	buf_put_u8(b, (uint8_t)m->type);
	buf_put_u8(b, m->witness);
	buf_put_u64be(b, m->old);
	buf_put_u64be(b, m->size);
	buf_put(b, m->bytes.data, m->bytes.len);
}

int witness_message_parse(struct span packet, struct witness_message *ret)
{
	struct cursor c;
	if (packet.len > WITNESS_PACKET_MAX)
		return -EBADMSG;
	cursor_init(&c, packet.data, packet.len);
	uint8_t type = cursor_u8(&c);
	struct witness_message m = { .type = (enum witness_message_type)type, .witness = cursor_u8(&c) };
	m.old = cursor_u64be(&c);
	m.size = cursor_u64be(&c);
	m.bytes = cursor_bytes(&c, cursor_left(&c));
	if (c.err || type < WITNESS_ASK || type > WITNESS_FAILED)
		return -EBADMSG;
	*ret = m;
	return 0;
}

#include "drill/slot.h"

#include "lib/cbor.h"

#define SLOT_BYTES 4096
#define MAGIC      "swlslot1"

static bool read_slot(struct span slot, uint64_t epoch, uint64_t size, struct ed25519_secret *ret)
{
	struct cursor c;
	cursor_init(&c, slot.data, slot.len);
	struct span magic = cursor_bytes(&c, strlen(MAGIC));
	struct span payload = cursor_bytes(&c, cursor_u32be(&c));
	if (c.err || !span_is(magic, MAGIC))
		return false;
	cursor_init(&c, payload.data, payload.len);
	size_t items = cbor_array(&c);
	cbor_skip(&c); /* generation */
	uint64_t has_epoch = cbor_uint(&c), has_size = cbor_uint(&c);
	cbor_skip(&c); /* frontier */
	struct span seed = cbor_bytes(&c);
	return !c.err && items == 7 && has_epoch == epoch && has_size == size &&
	       seed.len == sizeof(ret->seed) && ed25519_from_seed(seed.data, ret) == 0;
}

int slot_find_secret(struct span file, uint64_t epoch, uint64_t size, struct ed25519_secret *ret)
{
	for (size_t at = 0; at + SLOT_BYTES <= file.len; at += SLOT_BYTES) {
		if (read_slot((struct span){ file.data + at, SLOT_BYTES }, epoch, size, ret))
			return 0;
	}
	return -ENOENT;
}

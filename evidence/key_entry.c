#include "evidence/key_entry.h"

#include "evidence/own.h"
#include "lib/cbor.h"

enum { KEY_ENTRY_IDENTITY = 0, KEY_ENTRY_CERTIFICATE = 1 };

void key_entry_put_body(struct buf *b, const struct key_entry *k, int64_t time_us)
{
	cleanup_buf struct buf fields = { 0 }, vkey = { 0 };
	key_put(&vkey, &k->identity);
	cbor_put_map(&fields, 2);
	cbor_put_uint(&fields, KEY_ENTRY_IDENTITY);
	cbor_put_bytes(&fields, vkey.data, vkey.len);
	cbor_put_uint(&fields, KEY_ENTRY_CERTIFICATE);
	cbor_put_bytes(&fields, k->certificate.b, sizeof(k->certificate.b));
	own_put(b, KIND_KEY, time_us, &fields);
	if (vkey.err && !b->err)
		b->err = vkey.err;
}

static void get(struct cursor *c, uint64_t key, void *into)
{
	struct key_entry *k = into;
	if (key == KEY_ENTRY_IDENTITY) {
		struct span vkey = cbor_bytes(c);
		if (!c->err && (key_parse(vkey, &k->identity) < 0 || k->identity.type != KEY_TYPE_ED25519))
			cursor_fail(c);
	} else if (key == KEY_ENTRY_CERTIFICATE) {
		own_get_hash(c, &k->certificate);
	} else {
		cbor_skip(c);
	}
}

int key_entry_parse(const struct entry *e, struct key_entry *ret)
{
	struct key_entry k = { 0 };
	if (e->kind != KIND_KEY || own_parse(e, get, &k, 3) < 0)
		return -EBADMSG;
	*ret = k;
	return 0;
}

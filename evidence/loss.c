#include "evidence/seal.h"

#include "evidence/own.h"
#include "lib/cbor.h"

void loss_put_body(struct buf *b, const struct loss *l, int64_t time_us)
{
	cleanup_buf struct buf f = { 0 };
	cbor_put_map(&f, 2u + (l->has_count ? 1 : 0) + (l->kind ? 1 : 0) + (l->has_since ? 1 : 0) +
	                         (l->detail.len ? 1 : 0));
	cbor_put_uint(&f, LOSS_REASON);
	cbor_put_uint(&f, l->reason);
	if (l->has_count) {
		cbor_put_uint(&f, LOSS_COUNT);
		cbor_put_uint(&f, l->count);
	}
	cbor_put_uint(&f, LOSS_EXACTNESS);
	cbor_put_uint(&f, l->exactness);
	if (l->kind) {
		cbor_put_uint(&f, LOSS_KIND);
		cbor_put_uint(&f, l->kind);
	}
	if (l->has_since) {
		cbor_put_uint(&f, LOSS_SINCE);
		cbor_put_uint(&f, l->since_boot_us);
	}
	if (l->detail.len) {
		cbor_put_uint(&f, LOSS_DETAIL);
		cbor_put_bytes(&f, l->detail.data, l->detail.len);
	}
	own_put(b, KIND_LOSS, time_us, &f);
}

static void get_loss_field(struct cursor *c, uint64_t key, void *into)
{
	struct loss *l = into;
	switch (key) {
	case LOSS_REASON:
		l->reason = cbor_uint(c);
		break;
	case LOSS_COUNT:
		l->has_count = true;
		l->count = cbor_uint(c);
		break;
	case LOSS_EXACTNESS:
		l->exactness = cbor_uint(c);
		break;
	case LOSS_KIND:
		l->kind = cbor_uint(c);
		break;
	case LOSS_SINCE:
		l->has_since = true;
		l->since_boot_us = cbor_uint(c);
		break;
	case LOSS_DETAIL:
		l->detail = cbor_bytes(c);
		break;
	default:
		cbor_skip(c);
		break;
	}
}

int loss_parse(const struct entry *e, struct loss *ret)
{
	struct loss l = { 0 };
	if (e->kind != KIND_LOSS || own_parse(e, get_loss_field, &l, 0x5) < 0)
		return -EBADMSG;
	if (l.exactness > UNKNOWN)
		return -EBADMSG;
	*ret = l;
	return 0;
}

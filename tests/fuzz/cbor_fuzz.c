/* Any bytes as deterministic CBOR: what the reader steps over has one encoding, so writing it again gives the
 * same bytes. */
#include "lib/cbor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void copy(struct cursor *c, struct buf *b)
{
	int64_t prev = -1;
	size_t n;
	switch (cbor_peek(c)) {
	case CBOR_UINT:
		cbor_put_uint(b, cbor_uint(c));
		break;
	case CBOR_NEGINT: {
		int64_t v = cbor_int(c);
		cbor_put_int(b, v);
		break;
	}
	case CBOR_BYTES: {
		struct span s = cbor_bytes(c);
		cbor_put_bytes(b, s.data, s.len);
		break;
	}
	case CBOR_ARRAY:
		n = cbor_array(c);
		cbor_put_array(b, n);
		for (; n > 0 && !c->err; n--)
			copy(c, b);
		break;
	case CBOR_MAP:
		n = cbor_map(c);
		cbor_put_map(b, n);
		for (; n > 0 && !c->err; n--) {
			cbor_put_uint(b, cbor_key(c, &prev));
			copy(c, b);
		}
		break;
	case CBOR_NULL:
		(void)cbor_null(c);
		cbor_put_null(b);
		break;
	case CBOR_BOOL:
		cbor_put_bool(b, cbor_bool(c));
		break;
	case CBOR_NONE:
		cursor_fail(c);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cursor skipped, copied;
	cleanup_buf struct buf b = { 0 };
	cursor_init(&skipped, data, size);
	cbor_skip(&skipped);
	if (skipped.err)
		return 0;
	size_t n = (size_t)(skipped.at - data);
	cursor_init(&copied, data, n);
	copy(&copied, &b);
	/* A negative number below 2^63 is well-formed and only fits no int64. */
	if (!copied.err && (buf_err(&b) || b.len != n || memcmp(b.data, data, n) != 0))
		abort();
	return 0;
}

#include "evidence/record.h"

#include "lib/cbor.h"

static const char journal_magic[8] = "swljrnl1";
static const char segment_magic[8] = "swlsegm1";

static const char *magic_of(const struct record_file *f)
{
	return f->segment ? segment_magic : journal_magic;
}

void record_put_file_header(struct buf *b, const struct record_file *f)
{
	buf_put(b, magic_of(f), sizeof(journal_magic));
	buf_put_u64be(b, f->number);
}

int record_parse_file_header(struct span bytes, struct record_file *ret)
{
	struct cursor c;
	cursor_init(&c, bytes.data, bytes.len);
	struct span m = cursor_bytes(&c, sizeof(journal_magic));
	struct record_file f = { .number = cursor_u64be(&c) };
	if (c.err || f.number == 0 || f.number > INT64_MAX)
		return -EBADMSG;
	f.segment = memcmp(m.data, segment_magic, sizeof(segment_magic)) == 0;
	if (!f.segment && memcmp(m.data, journal_magic, sizeof(journal_magic)) != 0)
		return -EBADMSG;
	*ret = f;
	return 0;
}

static void put_be64(uint8_t out[8], uint64_t v)
{
	for (int i = 0; i < 8; i++)
		out[i] = (uint8_t)(v >> (56 - 8 * i));
}

static void check_bytes(const struct record_file *f, uint64_t offset, struct span head, struct span payload,
                        uint8_t ret[RECORD_CHECK_BYTES])
{
	uint8_t place[16];
	put_be64(place, f->number);
	put_be64(place + 8, offset);
	struct span parts[] = {
		{ (const uint8_t *)magic_of(f), sizeof(journal_magic) },
		{ place, sizeof(place) },
		head,
		payload,
	};
	struct hash h;
	sha256_parts(parts, ARRAY_SIZE(parts), &h);
	memcpy(ret, h.b, RECORD_CHECK_BYTES);
}

void record_put(struct buf *b, const struct record_file *f, uint64_t offset, enum record_type type,
                struct span payload)
{
	assert(payload.len <= RECORD_MAX_PAYLOAD);
	uint32_t n = (uint32_t)payload.len;
	uint8_t head[RECORD_HEAD_BYTES] = { (uint8_t)type, (uint8_t)(n >> 24), (uint8_t)(n >> 16),
		                            (uint8_t)(n >> 8), (uint8_t)n };
	uint8_t check[RECORD_CHECK_BYTES];
	check_bytes(f, offset, (struct span){ head, sizeof(head) }, payload, check);
	buf_put(b, head, sizeof(head));
	buf_put(b, payload.data, payload.len);
	buf_put(b, check, sizeof(check));
}

ssize_t record_parse(struct span in, const struct record_file *f, uint64_t offset, enum record_type *ret_type,
                     struct span *ret_payload)
{
	struct cursor c;
	if (in.len < RECORD_HEAD_BYTES)
		return 0;
	cursor_init(&c, in.data, in.len);
	uint8_t type = cursor_u8(&c);
	uint32_t n = cursor_u32be(&c);
	if (type < RECORD_BATCH || type > RECORD_INDEX || n > RECORD_MAX_PAYLOAD)
		return -EBADMSG;
	if (cursor_left(&c) < (size_t)n + RECORD_CHECK_BYTES)
		return 0;
	struct span payload = cursor_bytes(&c, n);
	struct span check = cursor_bytes(&c, RECORD_CHECK_BYTES);
	uint8_t expected[RECORD_CHECK_BYTES];
	check_bytes(f, offset, (struct span){ in.data, RECORD_HEAD_BYTES }, payload, expected);
	if (memcmp(check.data, expected, sizeof(expected)) != 0)
		return -EBADMSG;
	*ret_type = (enum record_type)type;
	*ret_payload = payload;
	return (ssize_t)(n + RECORD_OVERHEAD);
}

void fleet_record_put(struct buf *b, uint64_t index, struct span entry, const struct record_head *heads,
                      size_t head_count, struct span note)
{
	cbor_put_array(b, 4);
	cbor_put_uint(b, index);
	cbor_put_bytes(b, entry.data, entry.len);
	cbor_put_array(b, head_count);
	for (size_t i = 0; i < head_count; i++) {
		cbor_put_array(b, 3);
		cbor_put_bytes(b, heads[i].origin.data, heads[i].origin.len);
		cbor_put_uint(b, heads[i].size);
		cbor_put_bytes(b, heads[i].root.b, sizeof(heads[i].root.b));
	}
	if (note.data)
		cbor_put_bytes(b, note.data, note.len);
	else
		cbor_put_null(b);
}

static void get_head(struct cursor *c, struct record_head *ret)
{
	if (cbor_array(c) != 3)
		cursor_fail(c);
	ret->origin = cbor_bytes(c);
	ret->size = cbor_uint(c);
	struct span root = cbor_bytes(c);
	if (c->err || root.len != sizeof(ret->root.b)) {
		cursor_fail(c);
		return;
	}
	memcpy(ret->root.b, root.data, root.len);
}

int fleet_record_parse(struct span payload, struct fleet_record *ret)
{
	struct cursor c;
	cursor_init(&c, payload.data, payload.len);
	if (cbor_array(&c) != 4)
		return -EBADMSG;
	struct fleet_record r = { .index = cbor_uint(&c) };
	r.entry = cbor_bytes(&c);
	r.head_count = cbor_array(&c);
	const uint8_t *heads = c.at;
	for (size_t i = 0; i < r.head_count && !c.err; i++) {
		struct record_head h;
		get_head(&c, &h);
	}
	if (c.err)
		return -EBADMSG;
	cursor_init(&r.heads, heads, (size_t)(c.at - heads));
	if (!cbor_null(&c))
		r.note = cbor_bytes(&c);
	if (cursor_finish(&c) < 0)
		return -EBADMSG;
	*ret = r;
	return 0;
}

bool record_next_head(struct cursor *heads, struct record_head *ret)
{
	if (heads->err || cursor_left(heads) == 0)
		return false;
	struct record_head h;
	get_head(heads, &h);
	if (heads->err)
		return false;
	*ret = h;
	return true;
}

void index_put(struct buf *b, const struct index_row *rows, size_t n)
{
	cbor_put_array(b, n);
	for (size_t i = 0; i < n; i++) {
		cbor_put_array(b, 5);
		cbor_put_bytes(b, rows[i].origin.data, rows[i].origin.len);
		cbor_put_uint(b, rows[i].first);
		cbor_put_uint(b, rows[i].count);
		cbor_put_uint(b, rows[i].offset);
		cbor_put_uint(b, rows[i].length);
	}
}

int index_open(struct span payload, struct cursor *ret, size_t *ret_rows)
{
	cursor_init(ret, payload.data, payload.len);
	*ret_rows = cbor_array(ret);
	return ret->err;
}

bool index_next(struct cursor *c, struct index_row *ret)
{
	if (c->err || cursor_left(c) == 0)
		return false;
	struct index_row r = { 0 };
	if (cbor_array(c) != 5)
		cursor_fail(c);
	r.origin = cbor_bytes(c);
	r.first = cbor_uint(c);
	r.count = cbor_uint(c);
	r.offset = cbor_uint(c);
	r.length = cbor_uint(c);
	if (c->err)
		return false;
	*ret = r;
	return true;
}

#include "evidence/batch.h"

#include <openssl/evp.h>

static const char magic[8] = "swlbatc1";

/* The fixed part of the header: sizes only, each within its limit. */
struct header {
	uint8_t codec;
	uint8_t origin_len;
	uint32_t count;
	uint64_t first;
	uint32_t raw_len;
	uint32_t packed_len;
	uint32_t note_len;
	struct span seed;
};

static int parse_header(struct cursor *c, struct header *h)
{
	struct span m = cursor_bytes(c, sizeof(magic));
	h->codec = cursor_u8(c);
	h->origin_len = cursor_u8(c);
	uint16_t zero = cursor_u16be(c);
	h->count = cursor_u32be(c);
	h->first = cursor_u64be(c);
	h->raw_len = cursor_u32be(c);
	h->packed_len = cursor_u32be(c);
	h->note_len = cursor_u32be(c);
	h->seed = cursor_bytes(c, BATCH_SEED_BYTES);
	if (c->err || memcmp(m.data, magic, sizeof(magic)) != 0 || zero != 0)
		return -EBADMSG;
	if (h->codec > PACK_ZSTD || h->origin_len == 0 || h->origin_len > ORIGIN_MAX)
		return -EBADMSG;
	if (h->count == 0 || h->count > BATCH_MAX_COUNT || h->first > (uint64_t)INT64_MAX - h->count)
		return -EBADMSG;
	if (h->raw_len > BATCH_MAX_RAW || h->packed_len > BATCH_MAX_PACKED || h->note_len > BATCH_MAX_NOTE)
		return -EBADMSG;
	if (h->codec == PACK_NONE && h->raw_len != h->packed_len)
		return -EBADMSG;
	return 0;
}

ssize_t batch_length(struct span in)
{
	struct cursor c;
	struct header h;
	if (in.len < BATCH_HEADER_BYTES)
		return 0;
	cursor_init(&c, in.data, in.len);
	if (parse_header(&c, &h) < 0)
		return -EBADMSG;
	return (ssize_t)(BATCH_HEADER_BYTES + h.origin_len + h.packed_len + h.note_len);
}

static int check_head(struct batch *b)
{
	if (checkpoint_parse(b->note.text, &b->head) < 0)
		return -EBADMSG;
	if (!span_equal(b->head.origin, b->origin_text) || b->head.size != b->first + b->count)
		return -EBADMSG;
	return 0;
}

/* All but the inside of the note. */
static int parse_parts(struct span in, struct batch *ret)
{
	struct cursor c;
	struct header h;
	cursor_init(&c, in.data, in.len);
	if (parse_header(&c, &h) < 0)
		return -EBADMSG;
	struct batch b = {
		.codec = (enum pack_codec)h.codec,
		.count = h.count,
		.first = h.first,
		.raw_len = h.raw_len,
		.seed = h.seed.data,
	};
	b.origin_text = cursor_bytes(&c, h.origin_len);
	b.packed = cursor_bytes(&c, h.packed_len);
	b.note_bytes = cursor_bytes(&c, h.note_len);
	if (c.err || origin_parse(b.origin_text, &b.origin) < 0)
		return -EBADMSG;
	b.bytes = (struct span){ in.data, (size_t)(c.at - in.data) };
	*ret = b;
	return 0;
}

ssize_t batch_parse(struct span in, struct batch *ret)
{
	struct batch b;
	if (parse_parts(in, &b) < 0 || note_parse(b.note_bytes, &b.note) < 0 || check_head(&b) < 0)
		return -EBADMSG;
	*ret = b;
	return (ssize_t)b.bytes.len;
}

int batch_parse_unsigned(struct span in, struct batch *ret, size_t *ret_signatures)
{
	struct batch b;
	if (parse_parts(in, &b) < 0 || b.bytes.len != in.len)
		return -EBADMSG;
	const uint8_t *end = memmem(b.note_bytes.data, b.note_bytes.len, "\n\n", 2);
	if (!end)
		return -EBADMSG;
	b.note = (struct note){ .text = { b.note_bytes.data, (size_t)(end + 1 - b.note_bytes.data) } };
	if (check_head(&b) < 0)
		return -EBADMSG;
	*ret_signatures = (size_t)(end + 2 - in.data);
	*ret = b;
	return 0;
}

int batch_unpack(const struct batch *b, struct buf *raw)
{
	return unpack(b->codec, b->packed, b->raw_len, raw);
}

#define SALTS_AHEAD 256

struct salter {
	EVP_CIPHER *cipher;
	EVP_CIPHER_CTX *ctx;
	uint8_t stream[SALTS_AHEAD * ENTRY_SALT_BYTES];
	size_t used; /* bytes of the stream handed out */
};

void salter_free(struct salter *s)
{
	if (!s)
		return;
	EVP_CIPHER_CTX_free(s->ctx);
	EVP_CIPHER_free(s->cipher);
	free(s);
}

void salter_freep(struct salter **s)
{
	salter_free(*s);
}

int salter_new(struct salter **ret)
{
	struct salter *s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->cipher = EVP_CIPHER_fetch(NULL, "AES-256-CTR", NULL);
	s->ctx = EVP_CIPHER_CTX_new();
	if (!s->cipher || !s->ctx) {
		salter_free(s);
		return -ENOMEM;
	}
	*ret = s;
	return 0;
}

int salter_start(struct salter *s, const uint8_t seed[BATCH_SEED_BYTES])
{
	static const uint8_t zero_counter[16];
	s->used = sizeof(s->stream);
	return EVP_EncryptInit_ex2(s->ctx, s->cipher, seed, zero_counter, NULL) == 1 ? 0 : -EIO;
}

int salter_next(struct salter *s, uint8_t ret[ENTRY_SALT_BYTES])
{
	static const uint8_t zeros[sizeof(s->stream)];
	if (s->used == sizeof(s->stream)) {
		int n;
		if (EVP_EncryptUpdate(s->ctx, s->stream, &n, zeros, sizeof(zeros)) != 1)
			return -EIO;
		s->used = 0;
	}
	memcpy(ret, s->stream + s->used, ENTRY_SALT_BYTES);
	s->used += ENTRY_SALT_BYTES;
	return 0;
}

bool batch_next_body(struct cursor *raw, struct span *ret_body)
{
	if (raw->err || cursor_left(raw) == 0)
		return false;
	uint16_t n = cursor_u16be(raw);
	if (n == 0 || n > ENTRY_BODY_MAX)
		cursor_fail(raw);
	struct span body = cursor_bytes(raw, n);
	if (raw->err)
		return false;
	*ret_body = body;
	return true;
}

int batch_hash(const struct batch *b, struct span raw, struct salter *salter, struct frontier *tree)
{
	int r = salter_start(salter, b->seed);
	if (r < 0)
		return r;
	static const uint8_t leaf_prefix = 0x00;
	uint8_t salt[ENTRY_SALT_BYTES];
	struct span parts[] = { { &leaf_prefix, 1 }, { salt, sizeof(salt) }, { 0 } };
	struct cursor c;
	cursor_init(&c, raw.data, raw.len);
	uint32_t n = 0;
	while (batch_next_body(&c, &parts[2])) {
		struct hash leaf;
		if (n++ == b->count)
			return -EBADMSG;
		r = salter_next(salter, salt);
		if (r < 0)
			return r;
		sha256_parts(parts, ARRAY_SIZE(parts), &leaf);
		frontier_add(tree, &leaf);
	}
	return c.err || n != b->count ? -EBADMSG : 0;
}

static void put_header(struct buf *b, const struct batch_parts *p, size_t packed_len, size_t note_len)
{
	buf_put(b, magic, sizeof(magic));
	buf_put_u8(b, (uint8_t)p->codec);
	buf_put_u8(b, (uint8_t)strlen(p->origin));
	buf_put_u16be(b, 0);
	buf_put_u32be(b, p->count);
	buf_put_u64be(b, p->first);
	buf_put_u32be(b, (uint32_t)p->raw.len);
	buf_put_u32be(b, (uint32_t)packed_len);
	buf_put_u32be(b, (uint32_t)note_len);
	buf_put(b, p->seed, BATCH_SEED_BYTES);
	buf_put_str(b, p->origin);
}

int batch_put_unsigned(struct buf *b, const struct batch_parts *p)
{
	if (p->count == 0 || p->count > BATCH_MAX_COUNT || p->raw.len > BATCH_MAX_RAW ||
	    strlen(p->origin) > ORIGIN_MAX)
		return -EMSGSIZE;
	cleanup_buf struct buf packed = { 0 };
	int r = pack(p->codec, p->raw, &packed);
	if (r < 0)
		return r;
	cleanup_buf struct buf text = { 0 };
	checkpoint_put_text(&text, p->origin, p->first + p->count, p->root);
	buf_put_u8(&text, '\n');
	if (buf_err(&text))
		return buf_err(&text);
	size_t note_len = text.len + p->signature_bytes;
	if (packed.len > BATCH_MAX_PACKED || note_len > BATCH_MAX_NOTE)
		return -EMSGSIZE;
	put_header(b, p, packed.len, note_len);
	buf_put(b, packed.data, packed.len);
	buf_put(b, text.data, text.len);
	return buf_err(b);
}

#include "evidence/witness.h"

#include <stdio.h>

#include "evidence/cosignature.h"
#include "lib/text.h"

int witness_put_request(struct buf *b, uint64_t old_size, const struct hash *proof, size_t proof_len,
                        struct span note)
{
	if (proof_len > WITNESS_MAX_PROOF)
		return -E2BIG;
	buf_printf(b, "old %llu\n", (unsigned long long)old_size);
	for (size_t i = 0; i < proof_len; i++) {
		text_put_base64(b, proof[i].b, sizeof(proof[i].b));
		buf_put_u8(b, '\n');
	}
	buf_put_u8(b, '\n');
	buf_put(b, note.data, note.len);
	return buf_err(b);
}

static int parse_old(struct span line, uint64_t *ret)
{
	static const char word[] = "old ";
	if (!span_starts(line, word))
		return -EBADMSG;
	return text_decimal((struct span){ line.data + strlen(word), line.len - strlen(word) }, ret);
}

int witness_parse_request(struct span body, struct witness_request *ret)
{
	struct cursor c;
	struct witness_request r = { 0 };
	cursor_init(&c, body.data, body.len);
	if (body.len > WITNESS_MAX_REQUEST || parse_old(cursor_line(&c), &r.old_size) < 0)
		return -EBADMSG;
	for (struct span line = cursor_line(&c); line.len > 0; line = cursor_line(&c)) {
		if (r.proof_len == WITNESS_MAX_PROOF ||
		    text_base64_exact(line, r.proof[r.proof_len++].b, sizeof(r.proof[0].b)) < 0)
			return -EBADMSG;
	}
	r.note = cursor_bytes(&c, cursor_left(&c));
	if (cursor_finish(&c) < 0 || r.note.len == 0)
		return -EBADMSG;
	*ret = r;
	return 0;
}

/* The answer's lines stand behind the text as they would in the published checkpoint: one parser for both. */
static int parse_behind(struct buf *whole, struct span body, struct span text, struct note *ret)
{
	buf_put(whole, text.data, text.len);
	buf_put_u8(whole, '\n');
	buf_put(whole, body.data, body.len);
	int r = buf_err(whole);
	if (r == 0)
		r = note_parse((struct span){ whole->data, whole->len }, ret);
	/* A body that begins with an empty line would have moved the end of the text. */
	return r == 0 && !span_equal(ret->text, text) ? -EBADMSG : r;
}

int witness_take_cosignature(struct span body, struct span text, const struct key *witness,
                             struct buf *ret_line, uint64_t *ret_time_s)
{
	cleanup_buf struct buf whole = { 0 };
	struct note n;
	struct note_signature s;
	struct cursor c;
	if (body.len > WITNESS_MAX_RESPONSE || witness->type != KEY_TYPE_COSIGNATURE)
		return -EBADMSG;
	int r = parse_behind(&whole, body, text, &n);
	if (r < 0)
		return r;
	cursor_init(&c, body.data, body.len);
	for (size_t i = 0; note_signature(&n, i, &s); i++) {
		struct span line = cursor_line(&c);
		if (!span_is(s.name, witness->name) || memcmp(s.id, witness->id, sizeof(s.id)) != 0)
			continue;
		if (!cosignature_verifies(&s, text, witness))
			return -EBADMSG;
		buf_put(ret_line, line.data, line.len);
		buf_put_u8(ret_line, '\n');
		*ret_time_s = cosignature_time(&s);
		return buf_err(ret_line);
	}
	return -ENOKEY;
}

void witness_put_size(struct buf *b, uint64_t size)
{
	buf_printf(b, "%llu\n", (unsigned long long)size);
}

int witness_parse_size(struct span body, uint64_t *ret)
{
	struct cursor c;
	uint64_t size;
	cursor_init(&c, body.data, body.len);
	struct span line = cursor_line(&c);
	if (cursor_finish(&c) < 0 || text_decimal(line, &size) < 0)
		return -EBADMSG;
	*ret = size;
	return 0;
}

void witness_origin_hex(struct span origin, char ret[WITNESS_HEX_MAX + 1])
{
	struct hash h;
	sha256(origin.data, origin.len, &h);
	for (size_t i = 0; i < sizeof(h.b); i++)
		snprintf(ret + 2 * i, 3, "%02x", h.b[i]);
}

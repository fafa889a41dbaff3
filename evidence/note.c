#include "evidence/note.h"

#include "evidence/cosignature.h"
#include "evidence/generation.h"
#include "lib/text.h"

/* U+2014 and a space. */
static const char line_start[] = "\xe2\x80\x94 ";

static bool text_ok(struct span s)
{
	if (s.len == 0 || s.data[s.len - 1] != '\n' || !text_is_utf8(s))
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (s.data[i] < 0x20 && s.data[i] != '\n')
			return false;
	}
	return true;
}

/* Unicode's White_Space above ASCII, in UTF-8. */
static bool has_unicode_space(struct span s)
{
	for (size_t i = 0; i + 1 < s.len; i++) {
		const uint8_t *p = s.data + i;
		if (p[0] == 0xc2 && (p[1] == 0x85 || p[1] == 0xa0))
			return true;
		if (i + 2 >= s.len)
			continue;
		uint32_t v = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
		if (v == 0xe19a80 || (v >= 0xe28080 && v <= 0xe2808a) || v == 0xe280a8 || v == 0xe280a9 ||
		    v == 0xe280af || v == 0xe2819f || v == 0xe38080)
			return true;
	}
	return false;
}

static bool name_ok(struct span s)
{
	return s.len > 0 && !memchr(s.data, '+', s.len) && !has_unicode_space(s);
}

/* "— name base64": what is longer than a cosignature is kept as its first bytes, for it is unknown to us
 * anyway. Takes no memory, so that what is refused is malformed and nothing else. */
static int parse_line(struct span line, struct note_signature *ret)
{
	if (!span_starts(line, line_start))
		return -EBADMSG;
	struct span rest = { line.data + strlen(line_start), line.len - strlen(line_start) };
	struct note_signature s = { .name = text_split(rest, ' ', &rest) };
	uint8_t blob[sizeof(s.id) + sizeof(s.blob)] = { 0 };
	size_t n;
	if (!name_ok(s.name) || text_base64_start(rest, blob, sizeof(blob), &n) < 0 || n <= sizeof(s.id))
		return -EBADMSG;
	memcpy(s.id, blob, sizeof(s.id));
	memcpy(s.blob, blob + sizeof(s.id), sizeof(s.blob));
	s.blob_len = n - sizeof(s.id);
	*ret = s;
	return 0;
}

static int split(struct span bytes, struct note *ret)
{
	for (size_t i = bytes.len; i >= 2; i--) {
		if (bytes.data[i - 1] != '\n' || bytes.data[i - 2] != '\n')
			continue;
		*ret = (struct note){
			.text = { bytes.data, i - 1 },
			.signatures = { bytes.data + i, bytes.len - i },
		};
		return 0;
	}
	return -EBADMSG;
}

int note_parse(struct span bytes, struct note *ret)
{
	struct note n;
	if (bytes.len == 0 || bytes.len > NOTE_MAX_BYTES || !text_ok(bytes) || split(bytes, &n) < 0 ||
	    !text_ok(n.text))
		return -EBADMSG;
	struct cursor c;
	cursor_init(&c, n.signatures.data, n.signatures.len);
	size_t lines = 0;
	while (cursor_left(&c) > 0) {
		struct note_signature s;
		if (++lines > NOTE_MAX_SIGNATURES || parse_line(cursor_line(&c), &s) < 0)
			return -EBADMSG;
	}
	if (lines == 0)
		return -EBADMSG;
	*ret = n;
	return 0;
}

bool note_signature(const struct note *n, size_t i, struct note_signature *ret)
{
	struct cursor c;
	cursor_init(&c, n->signatures.data, n->signatures.len);
	while (cursor_left(&c) > 0) {
		struct span line = cursor_line(&c);
		if (i-- == 0)
			return parse_line(line, ret) == 0;
	}
	return false;
}

size_t note_signature_count(const struct note *n)
{
	size_t lines = 0;
	for (size_t i = 0; i < n->signatures.len; i++)
		lines += n->signatures.data[i] == '\n';
	return lines;
}

static bool is_key(const struct note_signature *s, const struct key *k)
{
	return span_is(s->name, k->name) && memcmp(s->id, k->id, sizeof(k->id)) == 0;
}

static bool verifies(const struct note *n, const struct note_signature *s, const struct key *k)
{
	if (k->type == KEY_TYPE_COSIGNATURE)
		return cosignature_verifies(s, n->text, k);
	return k->type == KEY_TYPE_ED25519 && s->blob_len == ED25519_SIGNATURE_BYTES &&
	       ed25519_verify(&k->pub, n->text, s->blob);
}

int note_verify(const struct note *n, const struct key *keys, size_t key_count, uint64_t *ret_verified)
{
	if (key_count > 64)
		return -EINVAL;
	uint64_t verified = 0;
	struct cursor c;
	cursor_init(&c, n->signatures.data, n->signatures.len);
	while (cursor_left(&c) > 0) {
		struct note_signature s;
		if (parse_line(cursor_line(&c), &s) < 0)
			return -EBADMSG;
		size_t k = 0;
		while (k < key_count && !is_key(&s, &keys[k]))
			k++;
		if (k == key_count || (verified & (uint64_t)1 << k))
			continue;
		if (!verifies(n, &s, &keys[k]))
			return -EBADMSG;
		verified |= (uint64_t)1 << k;
	}
	if (!verified)
		return -ENOKEY;
	*ret_verified = verified;
	return 0;
}

bool note_signed_by(const struct note *n, size_t i, const struct key *key)
{
	struct note_signature s;
	return note_signature(n, i, &s) && is_key(&s, key) && verifies(n, &s, key);
}

size_t note_signature_bytes(const char *name)
{
	size_t blob = (4 + ED25519_SIGNATURE_BYTES + 2) / 3 * 4;
	return strlen(line_start) + strlen(name) + 1 + blob + 1;
}

void note_put_line(struct buf *b, const char *name, struct span blob)
{
	buf_put_str(b, line_start);
	buf_put_str(b, name);
	buf_put_u8(b, ' ');
	text_put_base64(b, blob.data, blob.len);
	buf_put_u8(b, '\n');
}

int note_put_signature(struct buf *b, struct span text, const struct signer *signer)
{
	uint8_t blob[4 + ED25519_SIGNATURE_BYTES];
	if (signer->key.type != KEY_TYPE_ED25519)
		return -EINVAL;
	memcpy(blob, signer->key.id, 4);
	int r = ed25519_sign(&signer->secret, text, blob + 4);
	if (r < 0)
		return r;
	note_put_line(b, signer->key.name, (struct span){ blob, sizeof(blob) });
	return buf_err(b);
}

int note_put(struct buf *b, struct span text, const struct signer *const *signers, size_t n)
{
	buf_put(b, text.data, text.len);
	buf_put_u8(b, '\n');
	for (size_t i = 0; i < n; i++) {
		int r = note_put_signature(b, text, signers[i]);
		if (r < 0)
			return r;
	}
	return buf_err(b);
}

void checkpoint_put_text(struct buf *b, const char *origin, uint64_t size, const struct hash *root)
{
	buf_printf(b, "%s\n%llu\n", origin, (unsigned long long)size);
	text_put_base64(b, root->b, sizeof(root->b));
	buf_put_u8(b, '\n');
}

int checkpoint_parse(struct span text, struct checkpoint *ret)
{
	struct cursor c;
	cursor_init(&c, text.data, text.len);
	struct checkpoint p = { .origin = cursor_line(&c) };
	struct span size = cursor_line(&c);
	struct span root = cursor_line(&c);
	if (cursor_finish(&c) < 0 || p.origin.len == 0 || text_decimal(size, &p.size) < 0 ||
	    text_base64_exact(root, p.root.b, sizeof(p.root.b)) < 0)
		return -EBADMSG;
	*ret = p;
	return 0;
}

int checkpoint_verify_fleet(struct span bytes, const struct key *log, bool exact, struct checkpoint *ret)
{
	struct note n;
	struct checkpoint p;
	struct key key;
	if (note_parse(bytes, &n) < 0 || checkpoint_parse(n.text, &p) < 0 ||
	    generation_parse(p.origin, log, &p.generation) < 0)
		return -EBADMSG;
	if (exact && note_signature_count(&n) != 1)
		return -EBADMSG;
	int r = generation_key(log, p.generation, &key);
	if (r < 0)
		return r;
	if (!note_signed_by(&n, 0, &key))
		return -ENOKEY;
	*ret = p;
	return 0;
}

int checkpoint_verify_keys(struct span bytes, const struct key *log, const struct key *former,
                           struct checkpoint *ret)
{
	struct note n;
	struct checkpoint p;
	int r = checkpoint_verify_fleet(bytes, log, false, &p);
	if (r < 0)
		return r;
	if (note_parse(bytes, &n) < 0 || note_signature_count(&n) > 2)
		return -EBADMSG;
	struct key second;
	if (former)
		r = generation_key(former, p.generation, &second);
	if (r < 0)
		return r;
	if (note_signature_count(&n) == 2 && (!former || !note_signed_by(&n, 1, &second)))
		return -ENOKEY;
	*ret = p;
	return 0;
}

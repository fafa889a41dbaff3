#include "evidence/key.h"

#include <openssl/crypto.h>

#include "lib/digest.h"
#include "lib/text.h"

/* Key names of this project are ASCII, which is stricter than the signed-note specification asks. */
static bool name_ok(struct span s)
{
	if (s.len == 0 || s.len > KEY_NAME_MAX)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (s.data[i] <= 0x20 || s.data[i] >= 0x7f || s.data[i] == '+')
			return false;
	}
	return true;
}

int key_make(const char *name, uint8_t type, const struct ed25519_public *pub, struct key *ret)
{
	struct span n = { (const uint8_t *)name, strlen(name) };
	if (!name_ok(n))
		return -EINVAL;
	if (!ed25519_public_ok(pub))
		return -EKEYREJECTED;
	struct key k = { .type = type, .pub = *pub };
	memcpy(k.name, name, n.len);

	const uint8_t middle[] = { '\n', type };
	struct span parts[] = { n, { middle, sizeof(middle) }, { pub->b, sizeof(pub->b) } };
	struct hash h;
	sha256_parts(parts, ARRAY_SIZE(parts), &h);
	memcpy(k.id, h.b, sizeof(k.id));
	*ret = k;
	return 0;
}

/* `<name>+<id>+<base64(type || 32 bytes)>`, of which a vkey and a private key's text are made alike. */
static int parse_parts(struct span s, char name[KEY_NAME_MAX + 1], uint8_t id[4], uint8_t blob[33])
{
	struct span rest;
	struct span n = text_split(s, '+', &rest);
	struct span hex = text_split(rest, '+', &rest);
	if (s.len > KEY_TEXT_MAX || !name_ok(n) || text_hex_exact(hex, id, 4) < 0 ||
	    text_base64_exact(rest, blob, 33) < 0)
		return -EBADMSG;
	memcpy(name, n.data, n.len);
	name[n.len] = '\0';
	return 0;
}

int key_parse(struct span vkey, struct key *ret)
{
	char name[KEY_NAME_MAX + 1];
	uint8_t id[4], blob[33];
	struct ed25519_public pub;
	struct key k;
	int r = parse_parts(vkey, name, id, blob);
	if (r < 0)
		return r;
	memcpy(pub.b, blob + 1, sizeof(pub.b));
	if (blob[0] != KEY_TYPE_ED25519 && blob[0] != KEY_TYPE_COSIGNATURE)
		return -EBADMSG;
	r = key_make(name, blob[0], &pub, &k);
	if (r < 0)
		return r;
	if (memcmp(k.id, id, sizeof(id)) != 0)
		return -EBADMSG;
	*ret = k;
	return 0;
}

static void put_parts(struct buf *b, const struct key *k, const uint8_t tail[32])
{
	uint8_t blob[33];
	blob[0] = k->type;
	memcpy(blob + 1, tail, 32);
	buf_put_str(b, k->name);
	buf_put_u8(b, '+');
	text_put_hex(b, k->id, sizeof(k->id));
	buf_put_u8(b, '+');
	text_put_base64(b, blob, sizeof(blob));
	OPENSSL_cleanse(blob, sizeof(blob));
}

void key_put(struct buf *b, const struct key *k)
{
	put_parts(b, k, k->pub.b);
}

bool key_equal(const struct key *a, const struct key *b)
{
	return strcmp(a->name, b->name) == 0 && a->type == b->type &&
	       memcmp(a->pub.b, b->pub.b, sizeof(a->pub.b)) == 0;
}

static int generate(const struct env *env, const char *name, uint8_t type, struct signer *ret)
{
	struct signer s;
	int r = ed25519_generate(env, &s.secret);
	if (r == 0)
		r = key_make(name, type, &s.secret.public_key, &s.key);
	if (r == 0)
		*ret = s;
	signer_wipe(&s);
	return r;
}

int signer_generate(const struct env *env, const char *name, struct signer *ret)
{
	return generate(env, name, KEY_TYPE_ED25519, ret);
}

int cosigner_generate(const struct env *env, const char *name, struct signer *ret)
{
	return generate(env, name, KEY_TYPE_COSIGNATURE, ret);
}

#define PRIVATE_PREFIX "PRIVATE+KEY+"

static int parse_secret(struct span text, uint8_t type, struct signer *s, uint8_t blob[33])
{
	char name[KEY_NAME_MAX + 1];
	uint8_t id[4];
	if (!span_starts(text, PRIVATE_PREFIX))
		return -EBADMSG;
	struct span rest = { text.data + strlen(PRIVATE_PREFIX), text.len - strlen(PRIVATE_PREFIX) };
	int r = parse_parts(rest, name, id, blob);
	if (r < 0)
		return r;
	if (blob[0] != type)
		return -EBADMSG;
	r = ed25519_from_seed(blob + 1, &s->secret);
	if (r == 0)
		r = key_make(name, type, &s->secret.public_key, &s->key);
	if (r == 0 && memcmp(s->key.id, id, sizeof(id)) != 0)
		r = -EBADMSG;
	return r;
}

static int parse_wiping(struct span text, uint8_t type, struct signer *ret)
{
	struct signer s;
	uint8_t blob[33];
	int r = parse_secret(text, type, &s, blob);
	if (r == 0)
		*ret = s;
	OPENSSL_cleanse(blob, sizeof(blob));
	signer_wipe(&s);
	return r;
}

int signer_parse(struct span text, struct signer *ret)
{
	return parse_wiping(text, KEY_TYPE_ED25519, ret);
}

int cosigner_parse(struct span text, struct signer *ret)
{
	return parse_wiping(text, KEY_TYPE_COSIGNATURE, ret);
}

void signer_put(struct buf *b, const struct signer *s)
{
	buf_put_str(b, PRIVATE_PREFIX);
	put_parts(b, &s->key, s->secret.seed);
}

void signer_wipe(struct signer *s)
{
	OPENSSL_cleanse(s, sizeof(*s));
}

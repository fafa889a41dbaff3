#include "evidence/cosignature.h"

#include <stdio.h>

#include "lib/text.h"

#define HEAD_MAX 64

/* "cosignature/v1\ntime <seconds>\n" || text */
static void put_message(struct buf *b, struct span text, uint64_t time_s)
{
	buf_printf(b, "cosignature/v1\ntime %llu\n", (unsigned long long)time_s);
	buf_put(b, text.data, text.len);
}

int cosignature_put(struct buf *b, struct span text, uint64_t time_s, const struct signer *signer)
{
	if (signer->key.type != KEY_TYPE_COSIGNATURE || time_s > INT64_MAX)
		return -EINVAL;
	cleanup_buf struct buf message = { 0 }, blob = { 0 };
	uint8_t signature[ED25519_SIGNATURE_BYTES];
	put_message(&message, text, time_s);
	int r = buf_err(&message);
	if (r == 0)
		r = ed25519_sign(&signer->secret, (struct span){ message.data, message.len }, signature);
	if (r < 0)
		return r;
	buf_put(&blob, signer->key.id, sizeof(signer->key.id));
	buf_put_u64be(&blob, time_s);
	buf_put(&blob, signature, sizeof(signature));
	r = buf_err(&blob);
	if (r < 0)
		return r;
	note_put_line(b, signer->key.name, (struct span){ blob.data, blob.len });
	return buf_err(b);
}

uint64_t cosignature_time(const struct note_signature *s)
{
	uint64_t v;
	memcpy(&v, s->blob, sizeof(v));
	return be64toh(v);
}

/* On the stack: a verifier that has no memory must not call a good line bad. */
bool cosignature_verifies(const struct note_signature *s, struct span text, const struct key *key)
{
	char message[HEAD_MAX + NOTE_MAX_BYTES];
	if (s->blob_len != COSIGNATURE_BYTES || text.len > NOTE_MAX_BYTES || cosignature_time(s) > INT64_MAX)
		return false;
	int head = snprintf(message, HEAD_MAX, "cosignature/v1\ntime %llu\n",
	                    (unsigned long long)cosignature_time(s));
	memcpy(message + head, text.data, text.len);
	struct span whole = { (const uint8_t *)message, (size_t)head + text.len };
	return ed25519_verify(&key->pub, whole, s->blob + 8);
}

/* Named keys as C2SP signed-note writes them (docs/format.md section 2). */
#ifndef SWORNLOG_EVIDENCE_KEY_H
#define SWORNLOG_EVIDENCE_KEY_H

#include "evidence/name.h"
#include "lib/ed25519.h"

#define KEY_TYPE_ED25519     0x01
#define KEY_TYPE_COSIGNATURE 0x04
#define KEY_TEXT_MAX         256

struct key {
	char name[KEY_NAME_MAX + 1];
	uint8_t type;
	uint8_t id[4];
	struct ed25519_public pub;
};

/* A key that can sign. Wipe with signer_wipe. */
struct signer {
	struct key key;
	struct ed25519_secret secret;
};

/* Fill in a key, id included. Returns -EINVAL for an unusable name and -EKEYREJECTED for a small-order point.
 */
must_check int key_make(const char *name, uint8_t type, const struct ed25519_public *pub, struct key *ret);
/* A vkey without newline. -EBADMSG, -EKEYREJECTED. */
must_check int key_parse(struct span vkey, struct key *ret);
void key_put(struct buf *b, const struct key *k);
bool key_equal(const struct key *a, const struct key *b);

/* A signer's key is of type 0x01, a cosigner's of type 0x04: neither is taken for the other. */
must_check int signer_generate(const struct env *env, const char *name, struct signer *ret);
must_check int cosigner_generate(const struct env *env, const char *name, struct signer *ret);
/* From and to `PRIVATE+KEY+<name>+<id>+<base64(type || seed)>`. */
must_check int signer_parse(struct span text, struct signer *ret);
must_check int cosigner_parse(struct span text, struct signer *ret);
void signer_put(struct buf *b, const struct signer *s);
void signer_wipe(struct signer *s);

#endif

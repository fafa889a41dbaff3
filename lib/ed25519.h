/* Ed25519 keys and signatures (RFC 8032; docs/format.md section 2). */
#ifndef SWORNLOG_LIB_ED25519_H
#define SWORNLOG_LIB_ED25519_H

#include "lib/cursor.h"
#include "lib/env.h"

#define ED25519_SIGNATURE_BYTES 64

struct ed25519_public {
	uint8_t b[32];
};

/* A secret key: wipe it with ed25519_wipe when done. */
struct ed25519_secret {
	uint8_t seed[32];
	struct ed25519_public public_key;
};

must_check int ed25519_generate(const struct env *env, struct ed25519_secret *ret);
must_check int ed25519_from_seed(const uint8_t seed[32], struct ed25519_secret *ret);
must_check int ed25519_sign(const struct ed25519_secret *key, struct span message,
                            uint8_t ret_signature[ED25519_SIGNATURE_BYTES]);
/* False, too, where OpenSSL had no memory: true is never said without the check. */
bool ed25519_verify(const struct ed25519_public *key, struct span message,
                    const uint8_t signature[ED25519_SIGNATURE_BYTES]);
/* False for points of small order, which would verify signatures over anything, and for y that is not below
 * the field's prime. */
bool ed25519_public_ok(const struct ed25519_public *key);
void ed25519_wipe(struct ed25519_secret *key);

#endif

/* Join tokens (docs/format.md section 20.1): what lets a new host into a fleet, and tells it which one.
 *
 * The text has the token's secret: it belongs into a file that its owner alone can read, never on a command
 * line or in a log.
 */
#ifndef SWORNLOG_EVIDENCE_TOKEN_H
#define SWORNLOG_EVIDENCE_TOKEN_H

#include "evidence/note.h"

#define TOKEN_MAX_BYTES 16384
#define TOKEN_URL_MAX   255

struct token_secret {
	uint8_t b[32];
};

struct token {
	char fleet[LABEL_MAX + 1];
	char registrar[TOKEN_URL_MAX + 1]; /* where to join */
	char sink[TOKEN_URL_MAX + 1];      /* where to ship to then */
	struct key log;
	struct hash ca;      /* H(DER) of the fleet's authority's certificate */
	struct hash genesis; /* H of the statement */
	bool has_policy;
	struct hash policy; /* H of the witness policy, as it is handed out */
	struct token_secret secret;
	struct span checkpoint; /* a fleet checkpoint, signed by `log`: no trust on first use */
};

/* -EIO: no random bytes. */
must_check int token_secret_generate(const struct env *env, struct token_secret *ret);
/* What a token is known by: H(secret). */
void token_hash(const struct token_secret *s, struct hash *ret);

void token_put(struct buf *b, const struct token *t);
/* Parse, and verify the checkpoint. `checkpoint` points into the bytes. -EBADMSG, -ENOKEY (the checkpoint is
 * not signed by `log`). Wipe with token_wipe. */
must_check int token_parse(struct span bytes, struct token *ret);
void token_wipe(struct token *t);
#define cleanup_token cleanup(token_wipe)

/* "https://" and printable ASCII without spaces. */
bool token_url_ok(const char *url);

#endif

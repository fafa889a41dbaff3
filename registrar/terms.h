/* What a token's statement allows: to whom, from where, how often, how long (docs/format.md
 * sections 11.2, 20.3).
 *
 * The statements lie in a folder, each under its token's hash: `<64 hex digits>.token`.
 */
#ifndef SWORNLOG_REGISTRAR_TERMS_H
#define SWORNLOG_REGISTRAR_TERMS_H

#include "evidence/statement.h"
#include "lib/env.h"

/* Where a connection comes from. */
struct caller {
	int family;
	uint8_t address[16];
	char text[64]; /* for messages */
};

struct terms {
	struct buf note;
	struct statement said; /* points into `note` */
};

void terms_done(struct terms *t);
#define cleanup_terms cleanup(terms_done)

/* Read and verify the statement of this token. -ENOENT: there is none; -EBADMSG, -ENOKEY, -EPERM: it is none
 * that counts here. */
must_check int terms_read(const struct env *env, int dirfd, const struct genesis *g, const struct hash *token,
                          struct terms *ret);

enum terms_verdict { TERMS_GOOD, TERMS_EXPIRED, TERMS_OTHER_HOST, TERMS_OTHER_ADDRESS, TERMS_SPENT };

/* `used`: how often it was used so far. */
enum terms_verdict terms_check(const struct terms *t, const char *host, const struct caller *from,
                               uint64_t used, uint64_t now_s);

#endif

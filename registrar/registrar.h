/* The registrar's decisions: who joins, who gets a new certificate (docs/format.md section 20.3). It knows no
 * network; files go through its env, the sink through its link. */
#ifndef SWORNLOG_REGISTRAR_REGISTRAR_H
#define SWORNLOG_REGISTRAR_REGISTRAR_H

#include "lib/http.h"
#include "registrar/issuer.h"
#include "registrar/ledger.h"
#include "registrar/link.h"
#include "registrar/terms.h"

struct registrar {
	const struct env *env;
	struct genesis genesis;
	struct span genesis_note, ca_pem, policy; /* as they are handed out */
	const struct signer *signer;
	struct ledger *ledger;
	int tokens_fd;
	struct link link;
	struct issuer issuer;
};

/* Answer POST /v1/join. */
void registrar_join(struct registrar *r, struct span body, const struct caller *from,
                    struct http_answer *ret);

/* What TLS says of who asks. */
struct holder {
	bool has_certificate;
	bool expired;
	struct hash spki;
};

/* Answer POST /v1/renew. */
void registrar_renew(struct registrar *r, struct span body, const struct holder *who,
                     struct http_answer *ret);

#endif

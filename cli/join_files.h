/* The files of a host that joins a fleet: keys that are made once and kept, and what the registrar hands out.
 */
#ifndef SWORNLOG_CLI_JOIN_FILES_H
#define SWORNLOG_CLI_JOIN_FILES_H

#include <openssl/evp.h>

#include "evidence/grant.h"
#include "evidence/token.h"

struct join_place {
	const char *etc, *state; /* paths */
	int etc_fd, state_fd;
};

/* Open both folders, made if need be. Messages go to standard error; 0 or a negative errno, in all of these.
 * -EEXIST: the host has an enrolment already. */
must_check int join_place_open(const char *etc, const char *state, struct join_place *ret);
void join_place_done(struct join_place *p);
#define cleanup_join_place cleanup(join_place_done)

/* The two keys: those of an earlier try, or new ones, on stable storage. `identity` is wiped by the caller.
 */
must_check int join_keys(const struct join_place *p, const char *fleet, const char *host,
                         struct signer *ret_identity, EVP_PKEY **ret_key);
/* All that was granted, where the agent reads it; the enrolment last, for it says that the rest is there. A
 * configuration that is there is left alone. */
must_check int join_write(const struct join_place *p, const struct token *t, const char *host,
                          const struct grant *g);

#endif

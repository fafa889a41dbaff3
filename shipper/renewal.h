/* The host's certificate, and when and how the shipper gets a new one (docs/format.md section 20.3).
 *
 * A renewed certificate lies in the shipper's own folder; of it and the configured one the later counts, if
 * it is of the same key.
 */
#ifndef SWORNLOG_SHIPPER_RENEWAL_H
#define SWORNLOG_SHIPPER_RENEWAL_H

#include "lib/buf.h"
#include "lib/env.h"
#include "lib/backoff.h"
#include "shipper/gather.h"

struct renewal_options {
	const char *registrar; /* https://host:port; NULL: nobody renews */
	const char *fleet, *host;
	const char *certificate, *key, *ca; /* as configured */
	const char *folder;                 /* the shipper's own */
	uint64_t seed;                      /* so that a fleet does not renew all at once */
	bool (*tick)(void *ctx);            /* as in lib/https.h */
	void *ctx;
};

struct renewal;

/* The strings stay the caller's. `error` gets a sentence. A folder that is not there is no error where nobody
 * renews. */
must_check int renewal_open(const struct renewal_options *options, struct renewal **ret, char *error,
                            size_t error_size);
void renewal_free(struct renewal *r);

/* The file of the certificate that counts. */
const char *renewal_certificate(const struct renewal *r);
/* When its time is over, in seconds since 1970; 0: not known. */
int64_t renewal_until_s(const struct renewal *r);

/* Is it time to try? Times: of a clock that never goes back, and wall time. */
bool renewal_due(const struct renewal *r, uint64_t now_us, int64_t wall_s);
/* Try: with the newest checkpoint in the spool that the identity key has signed. Blocks. 1: there is a new
 * certificate. 0: not yet, `said` gets why, in words fit to be shown, or nothing if there is nothing to say.
 */
must_check int renewal_try(struct renewal *r, struct gather *g, uint64_t now_us, char *said,
                           size_t said_size);

#endif

/* Whether a request may come in, decided from certificate and head alone, before its body is looked at
 * (docs/format.md section 12). */
#ifndef SWORNLOG_SINK_GATE_H
#define SWORNLOG_SINK_GATE_H

#include "sink/append.h"
#include "lib/http.h"

/* Of a head, gate_check reads this field too. */
#define GATE_FIELD "swornlog-fleet-size"

/* The enrolled host that a certificate is of: its URI names the host, its key is the enrolled one. NULL if
 * there is none. */
struct host *gate_host(const struct core *c, const char *uri, const struct hash *spki);
/* What a request that may come in is. */
struct gate_pass {
	enum append_verb verb;
	uint64_t held; /* size of the fleet head that the host has */
};

/* Status 200 and *ret, or the answer to send instead. `host` may be NULL. */
unsigned gate_check(const struct host *host, const struct http_head *head, struct gate_pass *ret,
                    struct answer *ret_answer);

#endif

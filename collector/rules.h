/* The rules of collection: collect.yaml, read whole or not at all.
 *
 * Each top-level section belongs to a module, which parses it; a table in rules.c says which.
 */
#ifndef SWORNLOG_COLLECTOR_RULES_H
#define SWORNLOG_COLLECTOR_RULES_H

#include "collector/audit_section.h"
#include "collector/exclude.h"
#include "collector/kinds.h"
#include "collector/repeat_rules.h"
#include "collector/throttle.h"
#include "lib/redact_config.h"
#include "collector/watch.h"

#define RULES_MAX_BYTES 60000 /* of the file: it is told whole, in one entry */

struct rules {
	struct buf text;    /* the file */
	struct hash digest; /* of the file's bytes; of no bytes at all where there is no file */
	struct kinds kinds;
	struct redact_config *redact;
	struct watch watch;
	struct exclude exclude;
	struct throttle throttle;
	struct repeat_rules repeats;
	struct audit_section audit;
};

/* A file that is not there is not an error: the shipped defaults. Otherwise -EINVAL, -ENOMEM, or what reading
 * gave; `error` is a sentence that names file and line. */
must_check int rules_load(const char *path, struct rules **ret, char *error, size_t error_size);
/* The same from memory; `name` stands for the file in messages. */
must_check int rules_parse(const char *name, struct span bytes, struct rules **ret, char *error,
                           size_t error_size);
/* Takes NULL. */
void rules_free(struct rules *r);

#endif

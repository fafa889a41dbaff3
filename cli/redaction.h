/* The redaction that a host's rules of collection ask for, as the collector reads them. */
#ifndef SWORNLOG_CLI_REDACTION_H
#define SWORNLOG_CLI_REDACTION_H

#include "lib/redact_config.h"

/* The `redact` section of collect.yaml at `path`; NULL: of the host's own file, which need not be there.
 * Other sections are not looked at. Returns false after a message. */
must_check bool redaction_load(const char *path, struct redact_config **ret);

#endif

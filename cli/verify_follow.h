/* `swornlog verify --follow --keep DIR STORE`: an auditor's own copy, pulled and verified again and again
 * (docs/format.md section 19.5). */
#ifndef SWORNLOG_CLI_VERIFY_FOLLOW_H
#define SWORNLOG_CLI_VERIFY_FOLLOW_H

#include "cli/verify_inputs.h"

/* Until SIGTERM or SIGINT, or until the store contradicts the copy, or the copy does not verify: the exit
 * status. */
int verify_follow(const struct verify_request *q, const char *store, const char *keep, uint64_t interval_s);

#endif

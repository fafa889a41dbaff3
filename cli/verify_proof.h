/* `swornlog verify` of a proof file (docs/format.md section 17). */
#ifndef SWORNLOG_CLI_VERIFY_PROOF_H
#define SWORNLOG_CLI_VERIFY_PROOF_H

#include "cli/verify_inputs.h"

/* Check a file that begins as one, and explain it: the exit status. */
int verify_proof(const struct verify_request *q, const char *path, struct span bytes);

#endif

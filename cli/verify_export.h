/* `swornlog verify` of an export (docs/format.md section 18). */
#ifndef SWORNLOG_CLI_VERIFY_EXPORT_H
#define SWORNLOG_CLI_VERIFY_EXPORT_H

#include "cli/verify_inputs.h"

/* Check a folder that looks_like_export(), and print the result: the exit status. */
int verify_export_folder(const struct verify_request *q, const char *path, int dirfd);

#endif

/* What the programs on this machine say of themselves (docs/status.md): the status files of the agent's run
 * folder, and the sink's answer on its control socket. */
#ifndef SWORNLOG_CLI_STATUS_SOURCE_H
#define SWORNLOG_CLI_STATUS_SOURCE_H

#include "lib/buf.h"

#define STATUS_MAX_BYTES (256u << 10)

/* Append the document. *ret_age_us: since it was written. -ENOENT, -EFBIG, ... */
must_check int status_read_file(const char *folder, const char *process, struct buf *ret,
                                uint64_t *ret_age_us);
/* Ask a sink. Waits at most two seconds. -ECONNREFUSED, -ETIMEDOUT, -EACCES, ... */
must_check int status_ask_sink(const char *socket_path, struct buf *ret);

#endif

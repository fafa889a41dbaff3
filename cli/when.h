/* Points in time as people write them on a command line. */
#ifndef SWORNLOG_CLI_WHEN_H
#define SWORNLOG_CLI_WHEN_H

#include "lib/base.h"

/* "2026-11-24T08:00:00Z", "2026-11-24 08:00", "2026-11-24", all UTC; or "10s", "5m", "2h", "3d" before now.
 * -EINVAL. */
must_check int when_parse(const char *text, uint64_t now_us, uint64_t *ret_wall_us);

#endif

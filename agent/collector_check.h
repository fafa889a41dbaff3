/* swornlog-collector --check: what a file of rules would do. */
#ifndef SWORNLOG_AGENT_COLLECTOR_CHECK_H
#define SWORNLOG_AGENT_COLLECTOR_CHECK_H

#include "lib/base.h"

/* Says it on standard output, warnings on standard error. 0, or why the file would be refused, with a
 * sentence on standard error. */
must_check int collector_check(const char *path);

#endif

/* Keeps audit switched on for as long as the agent runs, over restarts of the collector.
 *
 * What was changed is on file until it is put back, so that a collector that was killed, or `make undo`, can
 * still put it back.
 */
#ifndef SWORNLOG_COLLECTOR_AUDIT_LEASE_H
#define SWORNLOG_COLLECTOR_AUDIT_LEASE_H

#include "lib/base.h"

/* Switch audit on as audit_control_enable() does, unless a lease on file says that we did already.
 * `ret_changed`: it was off before this call. Errors of that function and of writing the file; nothing is
 * changed then. */
must_check int audit_lease_take(const char *path, bool *ret_changed);
/* Put back what the file says and remove it. 0 if there is none. */
must_check int audit_lease_give_back(const char *path);

#endif

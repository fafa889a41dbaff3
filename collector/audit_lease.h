/* Keeps audit as the agent wants it for as long as the agent runs, over restarts of the collector.
 *
 * What was changed is on file until it is put back, so that a collector that was killed, or `make undo`, can
 * still put it back.
 */
#ifndef SWORNLOG_COLLECTOR_AUDIT_LEASE_H
#define SWORNLOG_COLLECTOR_AUDIT_LEASE_H

#include "collector/audit_rule.h"

/* Change audit as audit_control_apply() does. Where a lease on file says that we did that already, it stands;
 * one that says something else is given back first. `ret_enabled`: audit was off before this call. Errors of
 * that function and of writing the file; nothing is changed then. */
must_check int audit_lease_take(const char *path, bool enable, const struct audit_rules *wanted,
                                bool *ret_enabled);
/* Put back what the file says and remove it. 0 if there is none. */
must_check int audit_lease_give_back(const char *path);

#endif

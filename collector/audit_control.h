/* Switches the kernel's audit on, where asked to, and back to exactly what was found.
 *
 * Audit is not free: switched on it slows down every system call of every process born from then on, unless
 * a rule says that no process needs its own audit context. So that rule comes first; the messages of login
 * programs come all the same.
 */
#ifndef SWORNLOG_COLLECTOR_AUDIT_CONTROL_H
#define SWORNLOG_COLLECTOR_AUDIT_CONTROL_H

#include "lib/buf.h"
#include "lib/cursor.h"

/* What was changed, and so has to be put back. */
struct audit_control {
	bool enabled; /* was 0, is 1 */
	bool rule;    /* -a never,task was added */
};

/* Does nothing, and says so in `ret`, where audit is on already. -EBUSY where it is off but has rules:
 * somebody else's, that would come to life. -EPERM, -EPROTONOSUPPORT as the kernel says; nothing is changed
 * on failure. Waits for the kernel's answers, up to a second each. */
must_check int audit_control_enable(struct audit_control *ret);
/* Puts back what `c` says and nothing else. Audit that somebody has locked since (-e 2) stays: -EPERM. */
must_check int audit_control_restore(const struct audit_control *c);

/* One line of text, for a file that survives the process: "enabled=1 rule=1\n". */
void audit_control_print(const struct audit_control *c, struct buf *b);
/* -EBADMSG for anything that audit_control_print does not write. */
must_check int audit_control_parse(struct span text, struct audit_control *ret);

#endif

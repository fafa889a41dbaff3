/* Changes the kernel's audit as it is asked to, and puts back exactly what was found.
 *
 * Audit is not free: switched on it slows down every system call of every process born from then on, unless
 * a rule says that no process needs its own audit context. So where no rule of ours needs one, that rule
 * comes first; the messages of login programs come all the same.
 */
#ifndef SWORNLOG_COLLECTOR_AUDIT_CONTROL_H
#define SWORNLOG_COLLECTOR_AUDIT_CONTROL_H

#include "collector/audit_rule.h"

/* What was changed, and so has to be put back. */
struct audit_control {
	bool enabled;             /* was 0, is 1 */
	struct audit_rules added; /* were not there */
};

void audit_control_done(struct audit_control *c);

/* Switch audit on where it is off, if `enable`; then have `wanted` among its rules, or -a never,task where
 * that is empty and audit was off. Does nothing more, and says so in `ret`, for what is there already. Rules
 * are read back.
 * -EBUSY where audit is off but has rules: somebody else's, that would come to life. -EAGAIN where it is off
 * and stays so, -EPERM where it is locked, -ENOMSG where a rule was taken but is not listed, -EPROTONOSUPPORT
 * and other errors as the kernel says; nothing is changed on failure. Waits for the kernel's answers, up to a
 * second each. */
must_check int audit_control_apply(bool enable, const struct audit_rules *wanted, struct audit_control *ret);
/* Puts back what `c` says and nothing else. Audit that somebody has locked since (-e 2) stays: -EPERM. */
must_check int audit_control_restore(const struct audit_control *c);

/* Lines of text, for a file that survives the process: "enabled=1 rules=1", and each rule in hex. */
void audit_control_print(const struct audit_control *c, struct buf *b);
/* -EBADMSG for anything that audit_control_print does not write. */
must_check int audit_control_parse(struct span text, struct audit_control *ret);

#endif

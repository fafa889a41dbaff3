/* Takes secrets out of the records of an audit event, before anything is made of them.
 *
 * Values are looked at as what they stand for: hex is undone, the arguments of an exec are put together from
 * all their records. What is replaced is written back as the value was written. Names of files are left.
 */
#ifndef SWORNLOG_AUDIT_REDACT_H
#define SWORNLOG_AUDIT_REDACT_H

#include "audit/assembler.h"
#include "lib/redact.h"

struct audit_redaction;

/* -ENOMEM. */
must_check int audit_redaction_new(struct audit_redaction **ret);
/* Takes NULL. */
void audit_redaction_free(struct audit_redaction *x);

/* `ret` is the event with `redacted` set if its lines had to be changed; they point into `event` or into `x`,
 * whose content ends with the next call. -ENOMEM: the event must not be kept. */
must_check int audit_redact(struct audit_redaction *x, struct redact *rules,
                            const struct audit_assembled *event, struct audit_assembled *ret);

/* Which rules changed the last event, as far as there is room; the places in `ret` are of no meaning. */
void audit_redaction_rules(const struct audit_redaction *x, struct redact_hits *ret);

#endif

/* Rules of the kernel's audit: from auditctl's syntax to the bytes that the kernel takes and lists.
 *
 * Includes nothing that knows entries, as the other files that use libaudit.
 */
#ifndef SWORNLOG_COLLECTOR_AUDIT_RULE_H
#define SWORNLOG_COLLECTOR_AUDIT_RULE_H

#include "lib/buf.h"
#include "lib/cursor.h"

#define AUDIT_RULE_LINE_MAX  4096
#define AUDIT_RULE_BYTES_MAX 16384
#define AUDIT_RULES_MAX      64
#define AUDIT_RULE_KEY       "swornlog" /* of the rules that the agent brings itself */

/* Some rules, whole. Zeroed: none. */
struct audit_rules {
	size_t count;
	struct buf bytes; /* each u32be length || rule */
};

void audit_rules_done(struct audit_rules *r);
/* Append a rule as the kernel has it. -E2BIG, -ENOMEM. */
must_check int audit_rules_add(struct audit_rules *r, struct span rule);
/* Steps through: `at` begins with 0. */
bool audit_rules_next(const struct audit_rules *r, size_t *at, struct span *ret);
bool audit_rules_have(const struct audit_rules *r, struct span rule);

/* One line as auditctl takes it: -a or -A with -S, -F, -C and -k; or -w with -p and -k. Appends the rule to
 * `ret`. -EINVAL: `ret_why` is a sentence of libaudit's or ours; -ENOMEM, -E2BIG. Looks watched files up. */
must_check int audit_rule_parse(struct span line, struct audit_rules *ret, const char **ret_why);
/* Append the rules that report each exec that succeeds: for native calls, and where there are any, 32-bit
 * ones. */
must_check int audit_rule_put_exec(struct audit_rules *ret);
/* Append -a never,task: no process needs an audit context. */
must_check int audit_rule_put_never(struct audit_rules *ret);
/* The rule that the kernel lists is this one, wherever it stands in its list. `listed` may be padded. */
bool audit_rule_equal(struct span rule, struct span listed);

#endif

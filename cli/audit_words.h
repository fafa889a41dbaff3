/* The words of audit rules that libaudit knows: fields, system calls, architectures. */
#ifndef SWORNLOG_CLI_AUDIT_WORDS_H
#define SWORNLOG_CLI_AUDIT_WORDS_H

#include "cli/auditctl.h"
#include "cli/machine.h"

/* Decimal, 0x hex or 0 octal. -EBADMSG. */
must_check int audit_word_number(struct span s, uint64_t *ret);
/* NULL, or what is wrong with the rule's fields, architecture or system calls on this machine. */
const char *audit_words_check(const struct auditctl_rule *rule, enum machine here);

#endif

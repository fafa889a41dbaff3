/* Which of audit's rules the agent brings: the section `audit` of the rules of collection. */
#ifndef SWORNLOG_COLLECTOR_AUDIT_SECTION_H
#define SWORNLOG_COLLECTOR_AUDIT_SECTION_H

#include "collector/audit_rule.h"
#include "lib/yaml_value.h"

struct audit_section {
	bool exec;                /* the exec rules are among them: a second witness of each exec */
	struct audit_rules rules; /* to be loaded */
	struct buf lines;         /* as they were written, each ended by a NUL */
};

/* `node` NULL: none. */
must_check int audit_section_parse(const struct yaml_errors *e, const struct yaml_node *node,
                                   struct audit_section *ret);
/* Do both ask for the same? Not by the rules themselves: these also depend on which files there are. */
bool audit_section_equal(const struct audit_section *a, const struct audit_section *b);
void audit_section_done(struct audit_section *s);

#endif

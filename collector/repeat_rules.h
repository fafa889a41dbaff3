/* Which kinds of file events are counted where they repeat: the section `repeats` of the rules. */
#ifndef SWORNLOG_COLLECTOR_REPEAT_RULES_H
#define SWORNLOG_COLLECTOR_REPEAT_RULES_H

#include "collector/kinds.h"

struct repeat_rules {
	uint64_t interval_us;
	bool kinds[KINDS_MAX];
};

/* `node` NULL: no kind. */
must_check int repeat_rules_parse(const struct yaml_errors *e, const struct yaml_node *node,
                                  struct repeat_rules *ret);

#endif

/* Which kinds of events are collected: the section `kinds` of the rules. */
#ifndef SWORNLOG_COLLECTOR_KINDS_H
#define SWORNLOG_COLLECTOR_KINDS_H

#include "lib/yaml_value.h"

#define KINDS_MAX 128 /* kinds are below this */

struct kinds {
	bool off[KINDS_MAX];
};

/* May the rules leave out events of this kind? Never those that say who is there, and what happens to
 * credentials, mounts, the kernel, the clock or the agent itself. */
bool kinds_optional(uint64_t kind);

/* `node` NULL: the defaults. Otherwise a mapping from the names of optional kinds to true or false. */
must_check int kinds_parse(const struct yaml_errors *e, const struct yaml_node *node, struct kinds *ret);
bool kinds_wanted(const struct kinds *k, uint64_t kind);

/* The kinds that a list `kinds` names, set in `kinds`. Another than the allowed ones is an error, called an
 * unknown `what`. */
must_check int kinds_take_list(const struct yaml_errors *e, const struct yaml_node *n,
                               bool (*allowed)(uint64_t kind), const char *what, bool kinds[KINDS_MAX]);

#endif

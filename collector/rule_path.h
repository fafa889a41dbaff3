/* One path in the rules of collection: an object and all below it, or a pattern for such objects. */
#ifndef SWORNLOG_COLLECTOR_RULE_PATH_H
#define SWORNLOG_COLLECTOR_RULE_PATH_H

#include "lib/buf.h"
#include "lib/yaml_value.h"

#define RULE_PATH_MAX 4095

struct rule_path {
	char *text; /* absolute, without a slash at its end; "" is the root */
	size_t len;
	size_t fixed; /* of these so many bytes are a directory's path; len without a pattern */
	bool pattern;
};

/* From the configuration; `what` is the key's name. */
must_check int rule_path_parse(const struct yaml_errors *e, const struct yaml_node *node, const char *what,
                               struct rule_path *ret);
void rule_path_done(struct rule_path *p);
/* The same with the symbolic links of its fixed part followed. 1, or 0 if there are none, or they can't be
 * followed now; -ENOMEM. */
must_check int rule_path_resolve(const struct rule_path *p, struct rule_path *ret);

/* Is `path` the object or below it? In doubt (a pattern that takes too long) `in_doubt`. */
bool rule_path_covers(const struct rule_path *p, struct span path, bool in_doubt);

/* Append an absolute path without empty, "." and ".." components: as text, no link is followed. */
void rule_path_tidy(struct buf *b, struct span path);

#endif

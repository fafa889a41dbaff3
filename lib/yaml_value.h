/* Values out of a YAML tree: of the type and in the range that is wanted, or a message that says what was.
 *
 * `what` is how a message calls the value, mostly the key's name. All return 0, or -EINVAL with a message and
 * outputs untouched.
 */
#ifndef SWORNLOG_LIB_YAML_VALUE_H
#define SWORNLOG_LIB_YAML_VALUE_H

#include "lib/yaml.h"

must_check int yaml_expect(const struct yaml_errors *e, const struct yaml_node *n, const char *what,
                           enum yaml_node_kind kind);
/* Not empty, no NUL. Points into the tree. */
must_check int yaml_text(const struct yaml_errors *e, const struct yaml_node *n, const char *what,
                         struct span *ret);
/* The same, beginning with a slash. */
must_check int yaml_path(const struct yaml_errors *e, const struct yaml_node *n, const char *what,
                         struct span *ret);
must_check int yaml_uint(const struct yaml_errors *e, const struct yaml_node *n, const char *what,
                         uint64_t min, uint64_t max, uint64_t *ret);
/* true or false */
must_check int yaml_bool(const struct yaml_errors *e, const struct yaml_node *n, const char *what, bool *ret);
/* Index into choices, which NULL ends. */
must_check int yaml_choice(const struct yaml_errors *e, const struct yaml_node *n, const char *what,
                           const char *const *choices, unsigned *ret);

/* "unknown <what> 'cuont' (did you mean 'count'?)". Always -EINVAL. */
int yaml_fail_unknown(const struct yaml_errors *e, unsigned line, const char *what, struct span name,
                      const char *const *names, size_t count);

/* A mapping by a table: each key's value goes to its function, whatever the order. */
struct yaml_key {
	const char *name;
	int (*take)(const struct yaml_errors *e, const struct yaml_node *value, void *into);
	bool required;
};

#define YAML_MAX_KEYS 64 /* rows of a table */

must_check int yaml_take(const struct yaml_errors *e, const struct yaml_node *mapping, const char *what,
                         const struct yaml_key *keys, size_t count, void *into);

#endif

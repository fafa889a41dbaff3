/* Configuration files: one flat YAML mapping, read by a table.
 *
 * Unknown keys, repeated keys, wrong types and values out of range are errors that name file, line and what
 * was expected.
 */
#ifndef SWORNLOG_LIB_CONFIG_H
#define SWORNLOG_LIB_CONFIG_H

#include "lib/yaml.h"

enum config_type {
	CONFIG_STRING, /* char *, malloc'd */
	CONFIG_PATH,   /* char *, malloc'd, must be absolute */
	CONFIG_UINT,   /* uint64_t, within min and max */
	CONFIG_BOOL,   /* bool */
	CONFIG_CHOICE, /* unsigned: index into choices */
};

struct config_key {
	const char *name;
	enum config_type type;
	size_t offset; /* of the field in the caller's struct */
	bool required;
	uint64_t min, max;          /* CONFIG_UINT */
	const char *const *choices; /* CONFIG_CHOICE, NULL-terminated */
	const char *fallback;       /* as it would stand in the file; NULL: zero or NULL */
};

#define CONFIG_MAX_BYTES YAML_MAX_BYTES
#define CONFIG_MAX_KEYS  64 /* rows of a table */

/* Fill the struct at `into` (zeroed by the caller). On error `into` is as config_free leaves it and `error`
 * says why, in words for a person: "/etc/swornlog/agent.yaml:7: unknown key 'sinc' (did you mean 'sink'?)".
 * ret_digest (may be NULL): SHA-256 of the file. -EINVAL for content, -EFBIG, -ENOMEM, or what reading gave.
 */
must_check int config_load(const char *path, const struct config_key *keys, size_t key_count, void *into,
                           struct hash *ret_digest, char *error, size_t error_size);
/* The same from memory; `name` stands for the file in messages. */
must_check int config_parse(const char *name, struct span bytes, const struct config_key *keys,
                            size_t key_count, void *into, char *error, size_t error_size);
void config_free(const struct config_key *keys, size_t key_count, void *into);

#endif

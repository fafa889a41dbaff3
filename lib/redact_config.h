/* Redaction as an administrator writes it down: the `redact:` section of a YAML file.
 *
 *   redact:
 *     enabled: true
 *     disable: [jwt, cookie]        # shipped rules, by name
 *     rules:
 *       - {name: acme, pattern: 'acme_[0-9a-f]{40}', triggers: [acme_]}
 *       - {name: deploy, programs: [deployctl], options: [--key, -k], value: next, after: ':'}
 *       - {name: german, names: [kennwort]}
 */
#ifndef SWORNLOG_LIB_REDACT_CONFIG_H
#define SWORNLOG_LIB_REDACT_CONFIG_H

#include "lib/redact.h"
#include "lib/yaml.h"

struct redact_config;

/* `node` NULL: the shipped rules. -EINVAL with a message, -ENOMEM. */
must_check int redact_config_parse(const struct yaml_errors *e, const struct yaml_node *node,
                                   struct redact_config **ret);
/* Takes NULL. */
void redact_config_free(struct redact_config *c);

/* Lives as long as the configuration; NULL if nothing is to be redacted. */
struct redact *redact_config_engine(const struct redact_config *c);

#endif

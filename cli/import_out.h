/* The collect.yaml that imported rules become: kinds to switch on, watches, audit rules to keep. */
#ifndef SWORNLOG_CLI_IMPORT_OUT_H
#define SWORNLOG_CLI_IMPORT_OUT_H

#include "cli/coverage.h"
#include "lib/buf.h"

/* As much as the collector takes. */
#define IMPORT_LABEL_MAX   63
#define IMPORT_LABELS_MAX  32
#define IMPORT_WATCHES_MAX 1024
#define IMPORT_RULES_MAX   64

struct import_watch {
	char label[IMPORT_LABEL_MAX + 1];
	char *path;
};

struct import_out {
	bool kind[COVERAGE_KINDS_MAX];
	struct import_watch watch[IMPORT_WATCHES_MAX];
	size_t watches;
	char *rule[IMPORT_RULES_MAX];
	size_t rules;
};

void import_out_done(struct import_out *o);

/* The label of a rule's first key: what the section `watch` takes. */
void import_label(const struct auditctl_rule *r, char ret[IMPORT_LABEL_MAX + 1]);
/* Append the rule as the agent takes it, with only the system calls that no kind tells of. -EINVAL: it can't
 * be written so. */
must_check int import_put_rule(struct buf *ret, const struct auditctl_rule *r, const struct coverage *c);

/* Take over what a rule needs; the same twice is taken once. -EINVAL as above; -E2BIG: more than the agent
 * takes; -ENOMEM. */
must_check int import_out_take(struct import_out *o, const struct auditctl_rule *r, const struct coverage *c);
/* Append the file's text. */
void import_out_put(const struct import_out *o, struct buf *b);

#endif

/* What stands for a rule of audit once swornlog collects: which of its events are told anyway, and what else
 * it takes.
 *
 * Pure. Fields that narrow a rule (auid>=1000, success=1, exe=...) do not matter here: kinds are told for all
 * users and with every result, so what such a rule would report is among it.
 */
#ifndef SWORNLOG_CLI_COVERAGE_H
#define SWORNLOG_CLI_COVERAGE_H

#include "cli/auditctl.h"
#include "cli/machine.h"

enum coverage_verdict {
	COVERAGE_NOTHING,     /* blank, or a comment */
	COVERAGE_COVERED,     /* by kinds of events that are told anyway, or once `kinds` switches them on */
	COVERAGE_WATCH,       /* by these, and a watch with a label for what only reads */
	COVERAGE_RULE,        /* needs an audit rule */
	COVERAGE_EXCLUSION,   /* leaves events out: nothing to take over */
	COVERAGE_SETTING,     /* of audit itself: nothing that an event would be missing for */
	COVERAGE_UNSUPPORTED, /* or not understood */
};

#define COVERAGE_KINDS_MAX 128

struct coverage {
	enum coverage_verdict verdict;
	const char *why;               /* a sentence; NULL: the verdict says it all */
	bool kind[COVERAGE_KINDS_MAX]; /* that tell of its events */
	bool watch;                    /* the path goes into the section `watch` */
	bool kept[AUDITCTL_CALLS_MAX]; /* COVERAGE_RULE: calls that no kind tells of */
};

/* For people, and one word for JSON. */
const char *coverage_name(enum coverage_verdict v);
const char *coverage_word(enum coverage_verdict v);
/* True for a kind that only the section `kinds` switches on. */
bool coverage_kind_is_optional(uint64_t kind);

/* `here`: the machine that the rules are for. */
void coverage_of(const struct auditctl_rule *rule, enum machine here, struct coverage *ret);

#endif

/* An engine with all shipped rules of redaction. In a header, because not every test program links PCRE2. */
#ifndef SWORNLOG_TESTS_SUPPORT_SHIPPED_RULES_H
#define SWORNLOG_TESTS_SUPPORT_SHIPPED_RULES_H

#include "lib/redact.h"

/* Aborts without memory. The caller's: redact_free(). */
static inline struct redact *shipped_rules(void)
{
	struct redact *shipped;
	char why[160];
	size_t count;
	const struct redact_rule *all = redact_defaults(&count), *rules[REDACT_RULES_MAX];
	for (size_t i = 0; i < count; i++)
		rules[i] = &all[i];
	if (redact_new(rules, count, &shipped, why, sizeof(why)))
		abort();
	return shipped;
}

#endif

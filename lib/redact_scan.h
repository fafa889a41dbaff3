/* One search for secrets: what redact.c and redact_word.c share. */
#ifndef SWORNLOG_LIB_REDACT_SCAN_H
#define SWORNLOG_LIB_REDACT_SCAN_H

#include "lib/keyword.h"
#include "lib/pattern.h"
#include "lib/redact.h"

/* The first rules are not the caller's. */
enum {
	REDACT_LITERAL, /* the bytes of a mark's beginning, which were there before */
	REDACT_LIMIT,   /* more than could be looked at */
	REDACT_BUILT_IN,
};

static_assert(REDACT_RULES_MAX <= KEYWORD_OWNERS, "a rule is an owner of keywords");

struct redact {
	size_t count;
	struct {
		const struct redact_rule *rule;
		struct pattern *pattern; /* NULL: words only */
	} rules[REDACT_RULES_MAX];
	struct keyword_set *triggers;
	struct keyword_hits always; /* rules without a trigger */
	struct buf out;
};

enum redact_armed { REDACT_IDLE, REDACT_PROGRAM_SEEN, REDACT_ARMED };

struct redact_scan {
	struct redact *r;
	struct span in;
	struct keyword_hits candidates; /* rules that may find something */
	uint8_t armed[REDACT_RULES_MAX];
	unsigned pattern_calls;
	bool overflow; /* of `hits`, or of the calls: the search ends */
	struct redact_hits *hits;
};

/* A place that ends where it starts is none. */
void redact_scan_add(struct redact_scan *s, size_t start, size_t end, size_t rule);

/* Look for options and assignments; also finds which programs are named. */
void redact_scan_argv_words(struct redact_scan *s);
void redact_scan_text_words(struct redact_scan *s, size_t start, size_t end);

/* True if the rule holds wherever it is, or what it is bound to has been seen. */
bool redact_scan_armed(const struct redact_scan *s, size_t rule);

bool redact_is_space(uint8_t c);

#endif

/* Regular expressions over bytes (PCRE2), with bounds on what a match may cost. */
#ifndef SWORNLOG_LIB_PATTERN_H
#define SWORNLOG_LIB_PATTERN_H

#include "lib/cursor.h"

#define PATTERN_MAX_BYTES 2048
#define PATTERN_GROUPS    8

struct pattern;

struct pattern_match {
	size_t start, end; /* of the whole match */
	/* The capturing groups that took part, in the pattern's order. */
	size_t count;
	struct {
		size_t start, end;
	} group[PATTERN_GROUPS];
};

enum pattern_outcome {
	PATTERN_NONE,
	PATTERN_FOUND,
	PATTERN_CUT,   /* the text ends within what might have become a match: `start` to the end */
	PATTERN_LIMIT, /* given up, the answer is not known */
};

/* Perl's syntax; bytes, never UTF-8; `.` takes no newline. -EINVAL with the reason in `error`, also for more
 * than PATTERN_GROUPS groups or a longer text than PATTERN_MAX_BYTES; -ENOMEM. */
must_check int pattern_new(const char *text, struct pattern **ret, char *error, size_t error_size);
/* Takes NULL. */
void pattern_free(struct pattern *p);

/* The first match at or after `from`. Steps are limited in proportion to the text's length, and so is memory.
 * `cut`: the text goes on beyond its end, unseen. Scratch is in `p`: not for two threads. */
enum pattern_outcome pattern_find(struct pattern *p, struct span text, size_t from, bool cut,
                                  struct pattern_match *ret);

#endif

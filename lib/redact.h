/* Replaces secrets in argument vectors and in text by a mark that says how long they were.
 *
 * The mark is `[redacted:<bytes>]`; where the bytes `[redacted:` stood themselves, they become
 * `[redacted:0]`, so that a mark in the result is never something that was there before. What a rule can't
 * decide within its bounds is replaced whole.
 */
#ifndef SWORNLOG_LIB_REDACT_H
#define SWORNLOG_LIB_REDACT_H

#include "lib/buf.h"
#include "lib/cursor.h"

#define REDACT_RULES_MAX 128
#define REDACT_HITS_MAX  64 /* more in one vector or text, and it is replaced whole */

/* Where an option's value may stand. */
enum redact_place {
	REDACT_ATTACHED = 1, /* --key=value, -kvalue */
	REDACT_NEXT = 2,     /* --key value */
	REDACT_CLUSTER = 4,  /* -k may stand behind other letters: -vvk value */
};

/* One of `options`, `names` and `pattern` is set. Lists end with NULL. */
struct redact_rule {
	const char *name;
	const char *const *programs; /* only behind a word with one of these base names; NULL: anywhere */
	const char *subcommand;      /* and behind this word too; NULL: any */
	const char *const *options;  /* "-k", "--key", "/k:", or a bare word: their value goes */
	uint8_t places;              /* enum redact_place bits, for options */
	char after;                  /* of the value, only what follows the first such byte; 0: all */
	/* Options and assignments whose name ends in one of these words (lower case): their value goes. A
	 * dash stands for an optional - _ or dot; one in front, for the beginning of a name or one of these.
	 */
	const char *const *names;
	/* PCRE2. What the groups hold goes; without groups, the whole match. */
	const char *pattern;
	/* For a pattern without programs: one of these occurs, in any case, wherever it matches, which is
	 * then looked for only there. NULL: look everywhere. */
	const char *const *triggers;
};

enum redact_form {
	REDACT_ARGV, /* strings, each ended by a NUL (the last one perhaps not) */
	REDACT_TEXT, /* anything: a command line, prose, a document */
};

/* For `cut`. */
#define REDACT_WHOLE    ((size_t)0) /* nothing goes on */
#define REDACT_CUT_LAST SIZE_MAX    /* the last string alone */

/* The place of one secret. Places do not overlap, and are in order. */
struct redact_hit {
	size_t start, end;
	uint16_t rule; /* index as redact_rule_name() takes it */
};

struct redact_hits {
	size_t count;
	struct redact_hit item[REDACT_HITS_MAX];
};

struct redact;

/* The rules, and all that they point to, are kept and not copied. -EINVAL with the reason in `error` (a rule
 * that can't be used, too many rules), -ENOMEM. */
must_check int redact_new(const struct redact_rule *const *rules, size_t count, struct redact **ret,
                          char *error, size_t error_size);
/* Takes NULL. */
void redact_free(struct redact *r);
const char *redact_rule_name(const struct redact *r, uint16_t rule);

/* Find what has to go. `cut`: the last string may go on beyond its end, unseen, and
 * so may every one of at least so many bytes. Time is bounded in proportion
 * to the length. Scratch is in `r`: not for two threads. */
void redact_find(struct redact *r, enum redact_form form, struct span in, size_t cut,
                 struct redact_hits *ret);
/* Append `in` with marks in the places of `hits`. */
void redact_put(struct buf *b, struct span in, const struct redact_hits *hits);
/* Append the mark of one hit. */
void redact_put_mark(struct buf *b, const struct redact_hit *hit);

/* Both at once: `in` itself if there is nothing to replace, else a copy within `r`, valid until the next
 * call. `r` may be NULL: nothing is replaced. Adds to *marked whether something was. -ENOMEM: nothing can be
 * said, `in` must not be kept. */
must_check int redact_apply(struct redact *r, enum redact_form form, struct span in, size_t cut,
                            struct span *ret, bool *marked);

/* The shipped rules. */
const struct redact_rule *redact_defaults(size_t *ret_count);

#endif

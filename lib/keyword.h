/* Finds which of many short literals occur in a text, in one pass over it (Aho and Corasick's automaton).
 *
 * ASCII case is ignored. The time does not depend on how many literals there are, nor on what the text holds.
 */
#ifndef SWORNLOG_LIB_KEYWORD_H
#define SWORNLOG_LIB_KEYWORD_H

#include "lib/cursor.h"

#define KEYWORD_OWNERS    256
#define KEYWORD_MAX_BYTES 64

struct keyword {
	const char *word; /* 1 to KEYWORD_MAX_BYTES bytes */
	uint8_t owner;    /* several words may have the same */
};

struct keyword_hits {
	uint64_t bits[KEYWORD_OWNERS / 64];
};

struct keyword_set;

/* The words are copied. -EINVAL for a word of a wrong length, -E2BIG if there are too many, -ENOMEM. */
must_check int keyword_set_new(const struct keyword *words, size_t count, struct keyword_set **ret);
/* Takes NULL. */
void keyword_set_free(struct keyword_set *set);

/* Add the owners of the words in `text` to `hits`. */
void keyword_find(const struct keyword_set *set, struct span text, struct keyword_hits *hits);

static inline bool keyword_hit(const struct keyword_hits *hits, unsigned owner)
{
	return hits->bits[owner / 64] >> (owner % 64) & 1;
}

static inline bool keyword_hits_any(const struct keyword_hits *hits)
{
	return hits->bits[0] | hits->bits[1] | hits->bits[2] | hits->bits[3];
}

#endif

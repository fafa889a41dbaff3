/* The generations of a fleet log that a store tells of, and what was lost between them (docs/format.md
 * section 19.3). */
#ifndef SWORNLOG_VERIFY_GENERATIONS_H
#define SWORNLOG_VERIFY_GENERATIONS_H

#include "evidence/generation.h"
#include "evidence/seal.h"

#define GENERATIONS_MAX 64

struct generations {
	struct {
		uint64_t number;
		uint64_t start; /* size of the copy that it went on from */
	} row[GENERATIONS_MAX]; /* ascending; behind generation 1, which starts at 0 */
	size_t len;
};

/* -E2BIG. */
must_check int generations_add(struct generations *g, const struct restored *r);
uint64_t generations_newest(const struct generations *g);
/* The generation whose name the checkpoint of that size bears. */
uint64_t generations_at(const struct generations *g, uint64_t size);
/* True if the head is of an earlier generation, and reaches beyond what a later one went on from: *ret is the
 * row of that one. */
bool generations_lost(const struct generations *g, const struct fleet_head *head, size_t *ret);

#endif

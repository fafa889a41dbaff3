/* The fleet log's key, handed on: statements of kind log-key, one after the other, from the genesis statement
 * to the key in force (docs/format.md sections 10 and 11.2). */
#ifndef SWORNLOG_EVIDENCE_SUCCESSION_H
#define SWORNLOG_EVIDENCE_SUCCESSION_H

#include "evidence/statement.h"

#define SUCCESSION_MAX 16

struct succession {
	struct key log;  /* in force */
	bool has_former; /* the one before it: */
	struct key former;
	size_t count; /* of statements */
};

/* Of nobody but the genesis' own key. */
void succession_init(struct succession *s, const struct key *log);
/* `parts`: `log-key <length>\n` and the statement, none or more. 0; -EBADMSG if one does not follow on the
 * one before it, or is not signed as the genesis statement asks. */
must_check int succession_follow(const struct genesis *g, struct span parts, struct succession *ret);
/* The parts at the cursor, as they stand. */
struct span succession_get(struct cursor *c);
/* Append one. */
void succession_put(struct buf *b, struct span statement);

#endif

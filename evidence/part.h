/* A run of bytes in a text, behind a line that says how many: `<word> <length>\n` and the bytes. */
#ifndef SWORNLOG_EVIDENCE_PART_H
#define SWORNLOG_EVIDENCE_PART_H

#include "lib/buf.h"
#include "lib/cursor.h"

void part_put(struct buf *b, const char *word, struct span bytes);
/* In place; more than `max` bytes is an error, and so is another word. */
struct span part_get(struct cursor *c, const char *word, size_t max);

#endif

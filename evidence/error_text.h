/* What our servers say instead of an answer (docs/format.md section 12). */
#ifndef SWORNLOG_EVIDENCE_ERROR_TEXT_H
#define SWORNLOG_EVIDENCE_ERROR_TEXT_H

#include "lib/buf.h"
#include "lib/cursor.h"

void error_text_put(struct buf *b, const char *word, const char *sentence);
/* Empty spans for what is none of ours. To be escaped before they are shown. */
void error_text_parse(struct span bytes, struct span *ret_word, struct span *ret_sentence);

#endif

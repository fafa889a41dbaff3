/* The forms that docs/format.md sections 6 and 7 give the fields of each kind of entry. */
#ifndef SWORNLOG_EVIDENCE_SHAPE_H
#define SWORNLOG_EVIDENCE_SHAPE_H

#include "evidence/entry.h"

/* True if every field that has a form has it, and none that must be there is absent. Kinds and fields that
 * have none pass; so do seal, epoch and loss, which have parsers of their own (evidence/seal.h). `e` must
 * come from entry_parse_body. */
bool shape_ok(const struct entry *e);

#endif

/* The fields of each documented kind of entry: which must be there, and of what form (docs/format.md sections
 * 6 and 7). Kinds and fields that are not documented are carried. */
#ifndef SWORNLOG_VERIFY_SHAPE_H
#define SWORNLOG_VERIFY_SHAPE_H

#include "lib/cursor.h"

/* `fields`: at the map of a body that is well-formed CBOR of the subset. False: *ret_field is the field at
 * fault. */
must_check bool shape_check(uint64_t kind, struct cursor fields, uint64_t *ret_field);

#endif

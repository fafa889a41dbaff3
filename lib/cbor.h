/* Deterministic CBOR (RFC 8949 section 4.2.1): the subset that entries are made of.
 *
 * Unsigned and negative integers, byte strings, arrays, maps whose keys are unsigned integers in ascending
 * order, null, false and true. Writers make the shortest form; readers refuse everything else (through the
 * cursor's sticky error).
 */
#ifndef SWORNLOG_LIB_CBOR_H
#define SWORNLOG_LIB_CBOR_H

#include "lib/buf.h"
#include "lib/cursor.h"

enum cbor_type { CBOR_UINT, CBOR_NEGINT, CBOR_BYTES, CBOR_ARRAY, CBOR_MAP, CBOR_NULL, CBOR_BOOL, CBOR_NONE };

/* Arrays and maps within each other that cbor_skip follows. A body's own array is one more: 8 in all
 * (docs/format.md section 5). */
#define CBOR_MAX_DEPTH 7

void cbor_put_uint(struct buf *b, uint64_t v);
void cbor_put_int(struct buf *b, int64_t v);
void cbor_put_bytes(struct buf *b, const void *p, size_t n);
void cbor_put_array(struct buf *b, size_t items);
void cbor_put_map(struct buf *b, size_t pairs);
void cbor_put_null(struct buf *b);
void cbor_put_bool(struct buf *b, bool v);

/* The type of the next item; CBOR_NONE at the end, after an error, or for anything outside the subset. */
enum cbor_type cbor_peek(const struct cursor *c);
uint64_t cbor_uint(struct cursor *c);
/* An integer that must fit; refuses anything below INT64_MIN or above INT64_MAX. */
int64_t cbor_int(struct cursor *c);
struct span cbor_bytes(struct cursor *c);
/* Items (pairs) that follow. Never more than there are bytes left, so a loop over the result is bounded. */
size_t cbor_array(struct cursor *c);
size_t cbor_map(struct cursor *c);
/* Consume a null and return true, or leave the item alone and return false. */
bool cbor_null(struct cursor *c);
bool cbor_bool(struct cursor *c);
/* The next map key, which must be above *prev (start with -1); *prev becomes the key. */
uint64_t cbor_key(struct cursor *c, int64_t *prev);
/* Step over one item of any type in the subset, nested up to CBOR_MAX_DEPTH, checking it on the way. */
void cbor_skip(struct cursor *c);

#endif

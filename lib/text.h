/* Numbers, base64 and hex as docs/format.md section 1 writes them: strict readers, one way to write each. */
#ifndef SWORNLOG_LIB_TEXT_H
#define SWORNLOG_LIB_TEXT_H

#include "lib/buf.h"
#include "lib/cursor.h"

/* Decimal without sign or leading zero, at most 2^63-1. */
must_check int text_decimal(struct span s, uint64_t *ret);
void text_put_base64(struct buf *b, const void *p, size_t n);
/* Appends the decoded bytes; refuses anything but the canonical padded form. 0 or -EBADMSG or -ENOMEM. */
must_check int text_base64(struct span s, struct buf *ret);
/* Decode exactly n bytes into out. 0 or -EBADMSG. */
must_check int text_base64_exact(struct span s, void *out, size_t n);
/* Check all of s, decode its first `room` bytes (or as many as there are) into out, and tell how many there
 * are. 0 or -EBADMSG. */
must_check int text_base64_start(struct span s, void *out, size_t room, size_t *ret_len);
void text_put_hex(struct buf *b, const void *p, size_t n);
/* Exactly 2n lower-case digits into n bytes. */
must_check int text_hex_exact(struct span s, void *out, size_t n);
/* Split at the first `sep`: the part before it is returned, *rest is what follows. Without one, all is
 * returned and *rest is empty with data NULL. */
struct span text_split(struct span s, char sep, struct span *rest);
/* RFC 3629 UTF-8, shortest forms, no surrogates. */
bool text_is_utf8(struct span s);
/* Append bytes for a terminal or a log line: printable ASCII and valid UTF-8 (without C1 and bidi controls)
 * as they are, the rest and the backslash escaped as \xHH, \n, \t, \\. */
void text_put_escaped(struct buf *b, struct span s);
/* Append the inside of a JSON string, itself valid UTF-8 and fit for a terminal: controls and what misleads
 * the eye are escaped as \uHHHH. A byte that is not valid UTF-8 comes out as \u00HH, which can't be told from
 * the character: check text_is_utf8 first and put hex beside it. */
void text_put_json(struct buf *b, struct span s);
/* Append text for a page of HTML, between tags or in a quoted attribute: as text_put_escaped, and what HTML
 * takes for its own as character references. */
void text_put_html(struct buf *b, struct span s);
/* "2026-11-24T08:00:00.123456Z" */
void text_put_time_us(struct buf *b, uint64_t wall_us);

#endif

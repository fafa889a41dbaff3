/* The little of HTTP/1.1 that our servers speak: request heads in, whole answers out (docs/format.md sections
 * 12 and 20).
 *
 * Stricter than RFC 9112 asks: lines end in CRLF, no folding, no transfer codings, each field that matters
 * once. (libevent 2.1's server hands a request over only after its body; a peer must be refused before.)
 */
#ifndef SWORNLOG_LIB_HTTP_H
#define SWORNLOG_LIB_HTTP_H

#include "lib/buf.h"
#include "lib/cursor.h"

#define HTTP_MAX_HEAD 8192

struct http_head {
	struct span method, target;
	bool has_length;
	uint64_t length;   /* of the body */
	struct span field; /* value of the one more field that was asked for; data NULL if it is not there */
	bool close;        /* the peer wants the connection closed after the answer */
	bool expects;      /* the peer waits for 100 (Continue) */
};

/* Parse the head at the start of `in`. `field` names, in lower case, one more field whose value is wanted;
 * NULL: none. Returns its length, the empty line included; 0 if it is not complete; -EMSGSIZE if it is longer
 * than HTTP_MAX_HEAD; -EBADMSG. *ret points into `in`. */
must_check ssize_t http_parse_head(struct span in, const char *field, struct http_head *ret);

#define HTTP_CONTINUE "HTTP/1.1 100 Continue\r\n\r\n"

/* Append the head of an answer whose body, `length` bytes of text, follows. */
void http_put_head(struct buf *b, unsigned status, size_t length, bool close);

struct http_answer {
	unsigned status;
	const char *type;  /* of the content; NULL: plain text */
	const char *allow; /* with 405; NULL: POST */
	struct buf body;
};

void http_answer_done(struct http_answer *a);
#define cleanup_http_answer cleanup(http_answer_done)
/* Make it a status and a sentence for people; what it held is dropped. */
void http_answer_say(struct http_answer *a, unsigned status, const char *sentence);
/* Append head and body. */
void http_put_answer(struct buf *b, const struct http_answer *a, bool close);

#endif

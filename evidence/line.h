/* Lines `<word> <value>` of the texts that docs/format.md describes: one by one, and by tables of them, which
 * are read and written in their order (section 11). */
#ifndef SWORNLOG_EVIDENCE_LINE_H
#define SWORNLOG_EVIDENCE_LINE_H

#include "evidence/key.h"
#include "evidence/merkle.h"

#define LINE_PATTERN_MAX 63
#define LINE_RANGES_MAX  16
#define LINE_POLICY_MAX  256

/* A place in a host's logs: a head, or, without root, an entry. */
struct log_point {
	uint32_t epoch;
	uint64_t size; /* or index */
	struct hash root;
};

enum line_form {
	LINE_LABEL,   /* char[LABEL_MAX + 1] */
	LINE_KEY,     /* struct key, type 0x01 */
	LINE_HASH,    /* struct hash, in hex */
	LINE_DECIMAL, /* uint64_t */
	LINE_TIME,    /* uint64_t, seconds */
	LINE_HEAD,    /* struct log_point: epoch, size, root */
	LINE_ENTRY,   /* struct log_point: epoch, index */
	LINE_EPOCH,   /* struct log_point: epoch alone */
	LINE_PATTERN, /* char[LINE_PATTERN_MAX + 1] */
	LINE_RANGES,  /* struct span: all lines of the word as they stand, none or more ranges of addresses */
	LINE_POLICY,  /* struct span: likewise, one or more lines of any printable text */
};

/* Rows of a table; `type` is the struct that the values go into. */
#define LINE_ROW(text, shape, type, field)                                                                   \
	{                                                                                                    \
		.word = (text), .form = (shape), .offset = offsetof(type, field)                             \
	}
#define LINE_ROW_IF(text, shape, type, field, flag)                                                          \
	{                                                                                                    \
		.word = (text), .form = (shape), .offset = offsetof(type, field), .optional = true,          \
		.has = offsetof(type, flag)                                                                  \
	}

struct line_row {
	const char *word;
	enum line_form form;
	size_t offset; /* of the value in the caller's struct */
	bool optional; /* it may be absent: */
	size_t has;    /* offset of the bool that says so */
};

/* Read the rows' lines. Spans point into the cursor's bytes. What is malformed sets the cursor's error. */
void lines_get(struct cursor *c, const struct line_row *row, size_t n, void *out);
void lines_put(struct buf *b, const struct line_row *row, size_t n, const void *in);

/* The value of the next line, which must begin with the word; an empty span after an error. */
struct span line_get(struct cursor *c, const char *word);
bool line_next_is(const struct cursor *c, const char *word);
/* A value, or a part of one, as a number or as a hash in base64. */
void line_number(struct cursor *c, struct span value, uint64_t *ret);
void line_hash(struct cursor *c, struct span value, struct hash *ret);
/* The value of the next of those lines that a row of form LINE_RANGES or LINE_POLICY has found; false behind
 * the last. */
bool line_take(struct span *lines, struct span *ret_value);

#endif

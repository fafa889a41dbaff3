#include "evidence/error_text.h"

#include "lib/text.h"

#define FIRST_LINE "swornlog-error/v1"

void error_text_put(struct buf *b, const char *word, const char *sentence)
{
	buf_printf(b, FIRST_LINE "\n%s\n%s\n", word, sentence);
}

void error_text_parse(struct span bytes, struct span *ret_word, struct span *ret_sentence)
{
	struct span rest;
	bool ours = span_is(text_split(bytes, '\n', &rest), FIRST_LINE);
	*ret_word = ours ? text_split(rest, '\n', &rest) : (struct span){ 0 };
	*ret_sentence = ours ? text_split(rest, '\n', &rest) : (struct span){ 0 };
}

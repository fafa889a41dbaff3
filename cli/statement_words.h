/* A statement in plain words: what a person reads before signing it. */
#ifndef SWORNLOG_CLI_STATEMENT_WORDS_H
#define SWORNLOG_CLI_STATEMENT_WORDS_H

#include "evidence/statement.h"

/* Append sentences of lines, for a terminal. -ENOTSUP for a kind that can't be said here. */
must_check int statement_words_put(struct buf *b, const struct statement *s);
/* Append who has to sign it, and who of them has. `note` may be a text and an empty line alone. */
void statement_words_put_signers(struct buf *b, const struct statement *s, const struct genesis *g,
                                 uint64_t signed_by);

#endif

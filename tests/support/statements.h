/* Statements written as text, so that the parser is not tested by the writer. */
#ifndef SWORNLOG_TESTS_SUPPORT_STATEMENTS_H
#define SWORNLOG_TESTS_SUPPORT_STATEMENTS_H

#include "evidence/genesis.h"

/* The cast of fleet acme, by letter: L, M, N the fleet log's keys, one after the other; A, B administrators;
 * O, P auditors; R the registrar; I, J, K keys of host web1, Z of web2; X, Y, W people with names that don't
 * fit. Aborts for others. Seeds are those of test_signer, but for M, N, J and K, whose names are not theirs
 * alone. */
void test_cast(char letter, struct signer *ret);
/* Append the text, the vkey of X put in for each $X, and H(0x01 || public key) in hex for each #X. */
void test_statement_text(struct buf *b, const char *text);
/* Append the statement of that text, signed by the letters in `by`. */
void test_statement(struct buf *note, const char *text, const char *by);

/* A text of each kind; that of the genesis holds for the others. *ret_by: letters of those who sign it. */
const char *test_statement_example(enum statement_kind k, const char **ret_by);

#endif

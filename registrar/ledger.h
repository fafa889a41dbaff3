/* Which hosts have joined, under which token: each use of a token is durable here before its enrolment is
 * signed, so that a crash at any point leaves no token used beyond its count (docs/format.md section 20.3).
 *
 * One file a host, in a folder of its own: the text of its enrolment statement. It is never changed.
 */
#ifndef SWORNLOG_REGISTRAR_LEDGER_H
#define SWORNLOG_REGISTRAR_LEDGER_H

#include "evidence/statement.h"
#include "lib/env.h"

#define LEDGER_MAX_HOSTS 1000000

struct ledger;

/* Read what is there; `dirfd` stays the caller's. -EBADMSG: a file is none of ours, and `error` names it. */
must_check int ledger_open(const struct env *env, int dirfd, const char *fleet, struct ledger **ret,
                           char *error, size_t error_size);
void ledger_free(struct ledger *l);

/* The enrolment that this host was promised; false if there is none. */
bool ledger_find(const struct ledger *l, const char *host, struct statement *ret);
uint64_t ledger_used(const struct ledger *l, const struct hash *token);
/* Durable when it returns 0. -EEXIST: the host has one that is durable. After any other error it may be there
 * or not, counts as used, and is to be added once more, as ledger_find gives it, before anything is signed.
 */
must_check int ledger_add(struct ledger *l, const struct statement *enrolment);

#endif

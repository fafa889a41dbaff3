/* The registrar's answers: errors with a word, which the log hears of too. */
#ifndef SWORNLOG_REGISTRAR_REPLY_H
#define SWORNLOG_REGISTRAR_REPLY_H

#include "evidence/grant.h"
#include "lib/http.h"

/* `who` is for the log: what asked, fit to be shown. */
void reply_error(struct http_answer *a, unsigned status, const char *word, const char *sentence,
                 const char *who);
void reply_grant(struct http_answer *a, const struct grant *g);

#endif

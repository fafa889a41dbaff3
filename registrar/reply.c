#include "registrar/reply.h"

#include "evidence/error_text.h"
#include "lib/log.h"

void reply_error(struct http_answer *a, unsigned status, const char *word, const char *sentence,
                 const char *who)
{
	buf_reset(&a->body);
	a->status = status;
	error_text_put(&a->body, word, sentence);
	if (status == 202)
		log_info("%s: %s", who, sentence);
	else
		log_warning("%s was refused: %s: %s", who, word, sentence);
}

void reply_grant(struct http_answer *a, const struct grant *g)
{
	buf_reset(&a->body);
	a->status = 200;
	grant_put(&a->body, g);
}

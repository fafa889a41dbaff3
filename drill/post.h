/* An append request of one's own making, as who has a host's certificate can send it (docs/format.md section
 * 12). */
#ifndef SWORNLOG_DRILL_POST_H
#define SWORNLOG_DRILL_POST_H

#include "drill/scratch.h"
#include "lib/buf.h"
#include "lib/cursor.h"

#define POST_WORD_MAX 48

struct post_answer {
	unsigned status;
	char word[POST_WORD_MAX]; /* of an error; else empty */
};

/* Send a batch to where `to` appends, with the certificate of `as`. */
must_check int post_batch(const struct scratch_host *as, const char *to, struct span batch,
                          struct post_answer *ret);

#endif

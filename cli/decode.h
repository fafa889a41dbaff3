/* From a batch to its events, with time and actor. Nothing is verified here: `swornlog verify` does that. */
#ifndef SWORNLOG_CLI_DECODE_H
#define SWORNLOG_CLI_DECODE_H

#include "cli/event_text.h"
#include "evidence/batch.h"
#include "evidence/seal.h"

struct decoder;

must_check int decoder_new(struct decoder **ret);
void decoder_free(struct decoder *d);
void decoder_freep(struct decoder **d);
#define cleanup_decoder cleanup(decoder_freep)

/* Called for each entry, in order. Non-zero stops. */
typedef int (*decode_fn)(void *ctx, const struct event *e);

/* -EBADMSG if it is no batch, or one without a seal; what `fn` returned; or 0. *ret (may be NULL): the
 * batch's seal, valid until the next call. */
must_check int decode_batch(struct decoder *d, const struct batch *b, decode_fn fn, void *ctx,
                            struct seal *ret);

#endif

/* The fleet checkpoints that lie in a host's spool: the newest witnessed one, and those of two histories
 * (docs/format.md section 14). */
#ifndef SWORNLOG_VERIFY_SPOOL_NOTES_H
#define SWORNLOG_VERIFY_SPOOL_NOTES_H

#include "verify/store.h"

/* Findings go to the host's row, where `host` is not NULL. *ret is filled where there is a policy. -EIO,
 * -ENOMEM. */
must_check int spool_notes_check(const struct verify_options *o, struct hosts *h, struct log_host *host,
                                 struct witnessed *ret);

#endif

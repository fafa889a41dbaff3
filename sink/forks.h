/* Refused forks, kept as evidence within a quota (docs/format.md section 13). */
#ifndef SWORNLOG_SINK_FORKS_H
#define SWORNLOG_SINK_FORKS_H

#include "evidence/batch.h"
#include "sink/store.h"

#define FORKS_KEPT   16  /* of one host, epoch and size: the first whole, of the others the note */
#define FORKS_A_HOST 256 /* files; whoever has a host's certificate must not fill the disk for all hosts */

/* Keep a batch that contradicts what the store has. 0: kept, durably; -EEXIST: the same was kept before;
 * -EDQUOT: enough of them were. Blocks. */
must_check int forks_keep(const struct store *s, const struct batch *b);

#endif

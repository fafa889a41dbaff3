/* Is what lies in the spool still what was sealed? Asked when the sink refuses a batch: a disk can rot in a
 * way that the file still parses. */
#ifndef SWORNLOG_SEALER_SPOOL_CHECK_H
#define SWORNLOG_SEALER_SPOOL_CHECK_H

#include "sealer/spool.h"

/* Hash the batches again, from the base to the first that has no receipt and no further, and check its seal.
 * *ret_rotten is false too where a receipted batch before it has rotted, for then nothing can be told. Takes
 * a second for every few million entries. */
must_check int spool_check_refused(struct spool *s, const struct key *identity, bool *ret_rotten);

#endif

/* Field maps of entries: leaf indices put into what the collector encoded. */
#ifndef SWORNLOG_SEALER_FIELDS_H
#define SWORNLOG_SEALER_FIELDS_H

#include "lib/buf.h"
#include "lib/cursor.h"

/* Append the map with PROCESS_PARENT and PROCESS_PREVIOUS added, each unless it is ENTRY_NO_PROCESS. -EBADMSG
 * if one is there already. */
must_check int fields_put_process(struct buf *b, struct span map, uint64_t parent, uint64_t previous);
/* The same with SYSTEM_TARGET. */
must_check int fields_put_target(struct buf *b, struct span map, uint64_t target);
/* Append the map with one byte-string field added in its place. -EBADMSG if the key is there already. */
must_check int fields_put_one(struct buf *b, struct span map, uint64_t key, const char *value);

#endif

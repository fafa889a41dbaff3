/* The file "epoch" in the state folder: the newest epoch's number and its first entry (docs/format.md section
 * 14). */
#ifndef SWORNLOG_SEALER_EPOCH_FILE_H
#define SWORNLOG_SEALER_EPOCH_FILE_H

#include "lib/buf.h"
#include "lib/cursor.h"
#include "lib/env.h"

/* Replaces the file, durably. */
must_check int epoch_file_write(const struct env *env, int state_fd, uint32_t epoch, struct span body);
/* Appends the body. -ENOENT, -EBADMSG. */
must_check int epoch_file_read(const struct env *env, int state_fd, uint32_t *ret_epoch,
                               struct buf *ret_body);

#endif

/* Whole files: read within a bound, replaced atomically and durably. Through struct env. */
#ifndef SWORNLOG_LIB_FILE_H
#define SWORNLOG_LIB_FILE_H

#include "lib/buf.h"
#include "lib/cursor.h"
#include "lib/env.h"

/* Append the file's content. -EFBIG above max_bytes, -ENOENT, ... */
must_check int file_read(const struct env *env, int dirfd, const char *path, size_t max_bytes,
                         struct buf *ret);
/* Write to `<path>.tmp`, sync it, rename over path, sync the directory. */
must_check int file_replace(const struct env *env, int dirfd, const char *path, struct span content,
                            mode_t mode);
/* Put a file of mode 0644 in its place at once and whole, but not durably: it says how things are now. The
 * folder may be one that others write to as well: what they left at `<path>.tmp` is removed, never followed
 * or written to. */
must_check int file_publish(const struct env *env, int dirfd, const char *path, struct span content);
/* pwrite until all is written. */
must_check int file_write_all(const struct env *env, int fd, struct span content, uint64_t offset);
/* pread exactly n bytes; -EIO if the file ends before. */
must_check int file_read_exact(const struct env *env, int fd, void *p, size_t n, uint64_t offset);

#endif

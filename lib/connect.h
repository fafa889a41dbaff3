/* Connections to Unix sockets. */
#ifndef SWORNLOG_LIB_CONNECT_H
#define SWORNLOG_LIB_CONNECT_H

#include "lib/base.h"

/* Never blocks afterwards. -ENAMETOOLONG, or -errno of the kernel (-EAGAIN where too many wait already). */
must_check int connect_unix(const char *path, int *ret_fd);
/* Blocks, in connecting as in each read and write, for so long at the most (0: without end). */
must_check int connect_unix_timeout(const char *path, unsigned timeout_s, int *ret_fd);

#endif

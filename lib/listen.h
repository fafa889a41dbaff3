/* Listening Unix sockets, made here or passed by systemd. */
#ifndef SWORNLOG_LIB_LISTEN_H
#define SWORNLOG_LIB_LISTEN_H

#include "lib/base.h"

/* A listening, non-blocking stream socket at `path`, in place of what was there. */
must_check int listen_unix(const char *path, mode_t mode, int *ret_fd);
/* The listening socket passed under this name ($LISTEN_FDNAMES); *ret_fd is -1 where there is none. */
void listen_inherited(const char *name, int *ret_fd);

#endif

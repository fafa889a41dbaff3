/* Listening sockets: Unix ones, made here or passed by systemd, and where a server of the network listens. */
#ifndef SWORNLOG_LIB_LISTEN_H
#define SWORNLOG_LIB_LISTEN_H

#include "lib/base.h"

/* A listening, non-blocking stream socket at `path`, in place of what was there. */
must_check int listen_unix(const char *path, mode_t mode, int *ret_fd);
/* The listening socket passed under this name ($LISTEN_FDNAMES); *ret_fd is -1 where there is none. */
void listen_inherited(const char *name, int *ret_fd);

/* ADDRESS:PORT, numbers only, an IPv6 address in brackets. -EINVAL. Free with freeaddrinfo. */
struct addrinfo;
must_check int listen_parse(const char *where, struct addrinfo **ret);

#define LISTEN_NAME_MAX 63
/* What a socket is bound to, in the same form; "?" if it can't be told. */
void listen_name(int fd, char ret[LISTEN_NAME_MAX + 1]);

/* A connection is a descriptor: raise this process's limit for so many, or tell how many there is room for.
 */
void listen_raise_limit(size_t *connections);

#endif

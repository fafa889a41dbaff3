/* A process of the sink's own, forked before there are keys, sockets or threads, at the other end of a socket
 * for packets. It ends with the sink, at the latest. */
#ifndef SWORNLOG_SINK_CHILD_H
#define SWORNLOG_SINK_CHILD_H

#include "lib/base.h"

struct child {
	pid_t pid;
	int fd;
};

/* Run `serve` in it, under that name (at most 15 bytes); the process ends when it returns. */
must_check int child_start(const char *name, void (*serve)(const void *arg, int fd), const void *arg,
                           struct child *ret);
/* At once, whatever it does. Does nothing to one that was not started. */
void child_stop(struct child *c);

#endif

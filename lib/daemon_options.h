/* The command line of a daemon that takes nothing but its configuration: --config FILE, --help, --version. */
#ifndef SWORNLOG_LIB_DAEMON_OPTIONS_H
#define SWORNLOG_LIB_DAEMON_OPTIONS_H

#include <stdio.h>

#include "lib/base.h"

/* *config is the default before and the file after. False: the program is to end with *ret_status, 0 after
 * --help and --version, 2 when the words are no such command line; what there is to say has been said. */
must_check bool daemon_options(int argc, char **argv, const char *program, void (*usage)(FILE *to),
                               const char **config, int *ret_status);

#endif

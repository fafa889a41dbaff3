/* What the other end of a descriptor can show. */
#ifndef SWORNLOG_CLI_TERMINAL_H
#define SWORNLOG_CLI_TERMINAL_H

#include "lib/base.h"

/* A terminal, and nobody said NO_COLOR. */
bool terminal_colour(int fd);
/* Columns, 80 where it is not known. */
unsigned terminal_width(int fd);

#endif

/* A file that a command was told to write. */
#ifndef SWORNLOG_CLI_OUTPUT_FILE_H
#define SWORNLOG_CLI_OUTPUT_FILE_H

#include "lib/cursor.h"

/* Put the content in the place of what was there, at once and durably. The exit status; a message is given.
 */
int output_file(const char *path, struct span content);

#endif

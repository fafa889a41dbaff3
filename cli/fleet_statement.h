/* `swornlog fleet`: statements are made, shown, signed by one person after the other, and handed to the sink.
 */
#ifndef SWORNLOG_CLI_FLEET_STATEMENT_H
#define SWORNLOG_CLI_FLEET_STATEMENT_H

#include "lib/buf.h"

int fleet_state(int argc, char **argv);
int fleet_show(int argc, char **argv);
int fleet_sign(int argc, char **argv);
int fleet_submit(int argc, char **argv);
int fleet_host(int argc, char **argv);
int fleet_log_key(int argc, char **argv);

/* Hand a statement to the sink. Messages are printed; returns an exit status. */
int fleet_statement_submit(const struct buf *statement, const char *control);

#endif

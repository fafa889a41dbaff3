/* The options that all of the agent's programs have: --config, --help, --version. */
#ifndef SWORNLOG_AGENT_OPTIONS_H
#define SWORNLOG_AGENT_OPTIONS_H

#include "agent/config.h"

#define EXIT_USAGE  2
#define EXIT_FAILED 3

/* Read the command line and the configuration. Ends the process after --help, --version, or an error, which
 * it explains. `does` is one sentence for --help. */
void agent_options(int argc, char **argv, const char *does, struct agent_config *ret);

#endif

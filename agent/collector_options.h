/* The collector's command line, and what the agent's configuration says about the collector. */
#ifndef SWORNLOG_AGENT_COLLECTOR_OPTIONS_H
#define SWORNLOG_AGENT_COLLECTOR_OPTIONS_H

#include <limits.h>

#include "agent/config.h"
#include "collector/collector.h"

/* Strings point into argv, into `agent`, or into the struct itself: it stays where it is. */
struct collector_options {
	struct collector_config collector;
	const char *user;          /* to become; NULL: stay */
	const char *group;         /* to be in beside the user's own; NULL: none */
	const char *check;         /* say what these rules would do, and nothing else; NULL: run */
	const char *unpin;         /* remove what is pinned there, and do nothing else; NULL: run */
	const char *restore;       /* put audit back as this lease says, and do nothing else; NULL: run */
	struct agent_config agent; /* as loaded, if it was */
	char events_socket[PATH_MAX];
	char lease[PATH_MAX];
	bool done; /* --help or --version: nothing else to do */
};

/* -EINVAL after an explanation on standard error. Without --events-socket the configuration is read. */
must_check int collector_options_parse(int argc, char **argv, struct collector_options *ret);
void collector_options_done(struct collector_options *o);

#endif

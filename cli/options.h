/* The options of a subcommand, as a table. */
#ifndef SWORNLOG_CLI_OPTIONS_H
#define SWORNLOG_CLI_OPTIONS_H

#include "lib/base.h"

#define OPTION_LIST_MAX 32

struct option_list {
	size_t count;
	const char *item[OPTION_LIST_MAX];
};

enum option_type {
	OPTION_FLAG, /* bool */
	OPTION_TEXT, /* const char * */
	OPTION_UINT, /* uint64_t, within min and max */
	OPTION_LIST, /* struct option_list: may be given several times */
};

struct option_row {
	const char *name; /* without the dashes */
	enum option_type type;
	void *into;        /* holds the default before, and the value after */
	const char *value; /* what stands for it in --help; NULL for a flag */
	const char *help;
	bool required;
	uint64_t min, max;
};

struct usage {
	const char *command;   /* "swornlog fleet init" */
	const char *arguments; /* "DIR" */
	const char *summary;   /* sentences for --help */
	const struct option_row *options;
	size_t option_count;
	size_t min_arguments, max_arguments;
};

/* Read a command line: options (`--name VALUE` or `--name=VALUE`) and arguments in any order, `--` ends the
 * options. True: go on, with `arguments` (room for max_arguments) filled. False: *ret_status is the exit
 * status; --help was printed, or what is wrong. */
must_check bool options_parse(const struct usage *u, int argc, char **argv, const char **arguments,
                              size_t *ret_count, int *ret_status);

#endif

/* The subcommands of `swornlog`: what one is, and what its exit status says. */
#ifndef SWORNLOG_CLI_COMMAND_H
#define SWORNLOG_CLI_COMMAND_H

#include "lib/base.h"

enum command_status {
	COMMAND_OK = 0,
	COMMAND_FINDINGS = 1, /* it ran, and what it looked at is not as it should be */
	COMMAND_USAGE = 2,    /* the command line is wrong */
	COMMAND_FAILED = 3,   /* it could not be done */
};

/* argv[0] is the subcommand's own name. Returns the exit status. */
struct command {
	const char *name;
	const char *summary;
	int (*fn)(int argc, char **argv);
};

/* Run the one of the table that argv[1] names. `group` is what stands before it ("swornlog fleet"); without a
 * name, or with --help, the table is listed. */
int command_run(const char *group, const struct command *commands, size_t count, int argc, char **argv);
void command_list(const char *group, const struct command *commands, size_t count);

/* Print "swornlog: <sentence>" on standard error; returns COMMAND_FAILED. */
int command_fail(const char *fmt, ...) printf_like(1, 2);
/* May it be the name of a fleet or a host? If not, that has been said: what to do is to end with
 * COMMAND_USAGE. */
bool command_label_ok(const char *what, const char *name);

int cmd_fleet(int argc, char **argv);
int cmd_enroll(int argc, char **argv);
int cmd_token(int argc, char **argv);
int cmd_join(int argc, char **argv);
int cmd_verify(int argc, char **argv);
int cmd_export(int argc, char **argv);
int cmd_drill(int argc, char **argv);
int cmd_prove(int argc, char **argv);
int cmd_show(int argc, char **argv);
int cmd_follow(int argc, char **argv);
int cmd_status(int argc, char **argv);
int cmd_replay(int argc, char **argv);
int cmd_redact(int argc, char **argv);
int cmd_import_rules(int argc, char **argv);

#endif

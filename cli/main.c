/* swornlog: the command for people. */
#include "cli/command.h"

#include <stdio.h>

static const struct command COMMANDS[] = {
	{ "fleet", "found a fleet: its keys, certificates and genesis statement", cmd_fleet },
	{ "enroll", "bring a host into a fleet", cmd_enroll },
	{ "token", "make a join token for new hosts", cmd_token },
	{ "join", "on a new host: join the fleet that a token names", cmd_join },
	{ "verify", "check a store, a spool or a proof file against the genesis statement", cmd_verify },
	{ "prove", "write a file that proves one entry to a stranger", cmd_prove },
	{ "export", "write a store's logs as tile directories that other tools can check", cmd_export },
	{ "drill", "commit every sin against a scratch fleet, and see each caught", cmd_drill },
	{ "show", "print the entries of a store or a spool", cmd_show },
	{ "follow", "print new entries as they are written", cmd_follow },
	{ "status", "what the programs on this machine say of themselves", cmd_status },
	{ "replay", "print what the agent would make of recorded audit logs", cmd_replay },
	{ "redact", "try what is taken out of command lines and audit records", cmd_redact },
	{ "import-rules", "say what stands for auditd's rules", cmd_import_rules },
};

static int help(void)
{
	command_list("swornlog", COMMANDS, ARRAY_SIZE(COMMANDS));
	puts("\n  --help     this list\n"
	     "  --version  the version\n\n"
	     "exit status: 0 all is well, 1 findings, 2 wrong usage, 3 it could not be done");
	return COMMAND_OK;
}

int main(int argc, char **argv)
{
	int status;
	if (argc >= 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
		status = help();
	} else if (argc >= 2 && strcmp(argv[1], "--version") == 0) {
		puts("swornlog " SWORNLOG_VERSION);
		status = COMMAND_OK;
	} else {
		status = command_run("swornlog", COMMANDS, ARRAY_SIZE(COMMANDS), argc, argv);
	}
	/* A full disk or a closed pipe must not pass for success. */
	if (fflush(stdout) != 0 || ferror(stdout))
		return command_fail("standard output could not be written");
	return status;
}

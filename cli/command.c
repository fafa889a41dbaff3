#include "cli/command.h"

#include <stdarg.h>
#include <stdio.h>

#include "evidence/name.h"

void command_list(const char *group, const struct command *commands, size_t count)
{
	printf("usage: %s COMMAND [OPTION...]\n\n", group);
	for (size_t i = 0; i < count; i++)
		printf("  %-12s %s\n", commands[i].name, commands[i].summary);
	printf("\n'%s COMMAND --help' tells more of one.\n", group);
}

int command_run(const char *group, const struct command *commands, size_t count, int argc, char **argv)
{
	if (argc >= 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
		command_list(group, commands, count);
		return COMMAND_OK;
	}
	for (size_t i = 0; argc >= 2 && i < count; i++) {
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].fn(argc - 1, argv + 1);
	}
	if (argc < 2)
		fprintf(stderr, "%s: which command? '%s --help' lists them\n", group, group);
	else
		fprintf(stderr, "%s: there is no command '%s'; '%s --help' lists them\n", group, argv[1],
		        group);
	return COMMAND_USAGE;
}

int command_fail(const char *fmt, ...)
{
	va_list args;
	fputs("swornlog: ", stderr);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	return COMMAND_FAILED;
}

bool command_label_ok(const char *what, const char *name)
{
	if (label_ok(span_str(name)))
		return true;
	command_fail("'%s' can't be a %s's name: 1 to %d of a-z, 0-9, '.' and '-'", name, what, LABEL_MAX);
	return false;
}

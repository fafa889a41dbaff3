#include "agent/options.h"

#include <getopt.h>
#include <stdio.h>

static void help(const char *program, const char *does)
{
	printf("usage: %s [--config FILE]\n\n%s\n\n"
	       "  -c, --config FILE  configuration (default " AGENT_CONFIG_PATH ")\n"
	       "  -h, --help         this text\n"
	       "  -V, --version      the version\n\n"
	       "exit status: 0 stopped in an orderly way, 2 usage or configuration, 3 failed\n",
	       program, does);
}

void agent_options(int argc, char **argv, const char *does, struct agent_config *ret)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ 0 },
	};
	const char *path = AGENT_CONFIG_PATH, *program = program_invocation_short_name;
	char error[512];
	int o;
	while ((o = getopt_long(argc, argv, "c:hV", options, NULL)) != -1) {
		switch (o) {
		case 'c':
			path = optarg;
			break;
		case 'h':
			help(program, does);
			exit(0);
		case 'V':
			printf("%s %s\n", program, SWORNLOG_VERSION);
			exit(0);
		default:
			fprintf(stderr, "try '%s --help'\n", program);
			exit(EXIT_USAGE);
		}
	}
	if (optind < argc) {
		fprintf(stderr, "%s: unexpected argument '%s'; try '%s --help'\n", program, argv[optind],
		        program);
		exit(EXIT_USAGE);
	}
	if (agent_config_load(path, ret, error, sizeof(error)) < 0) {
		fprintf(stderr, "%s: %s\n", program, error);
		exit(EXIT_USAGE);
	}
}

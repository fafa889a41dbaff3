#include "lib/daemon_options.h"

#include <getopt.h>

#define STATUS_USAGE 2

bool daemon_options(int argc, char **argv, const char *program, void (*usage)(FILE *to), const char **config,
                    int *ret_status)
{
	static const struct option longs[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'v' },
		{ 0 },
	};
	const char *file = *config;
	int c;
	*ret_status = 0;
	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (c) {
		case 'c':
			file = optarg;
			break;
		case 'h':
			usage(stdout);
			return false;
		case 'v':
			printf("%s %s\n", program, SWORNLOG_VERSION);
			return false;
		default:
			usage(stderr);
			*ret_status = STATUS_USAGE;
			return false;
		}
	}
	if (optind < argc) {
		usage(stderr);
		*ret_status = STATUS_USAGE;
		return false;
	}
	*config = file;
	return true;
}

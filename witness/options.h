/* The witness's configuration file. */
#ifndef SWORNLOG_WITNESS_OPTIONS_H
#define SWORNLOG_WITNESS_OPTIONS_H

#include "lib/base.h"

struct options {
	char *listen; /* address:port */
	char *prefix; /* NULL: none */
	char *certificate;
	char *key;
	char *ca;
	char *witness_key;
	char *policy;
	char *store;
	uint64_t max_connections;
	uint64_t timeout_ms;
};

must_check int options_load(const char *path, struct options *ret, char *error, size_t error_size);
void options_done(struct options *o);

#endif

/* The registrar's configuration file. */
#ifndef SWORNLOG_REGISTRAR_OPTIONS_H
#define SWORNLOG_REGISTRAR_OPTIONS_H

#include "lib/base.h"

struct options {
	char *listen; /* address:port */
	char *certificate;
	char *key;
	char *ca;
	char *ca_key; /* NULL: an existing authority signs */
	char *genesis;
	char *policy; /* need not be there */
	char *registrar_key;
	char *state;
	char *tokens;
	char *requests;
	char *certificates;
	char *control; /* the sink's */
	uint64_t certificate_days;
	uint64_t max_connections;
};

must_check int options_load(const char *path, struct options *ret, char *error, size_t error_size);
void options_done(struct options *o);

#endif

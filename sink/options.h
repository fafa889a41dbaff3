/* The sink's configuration file. */
#ifndef SWORNLOG_SINK_OPTIONS_H
#define SWORNLOG_SINK_OPTIONS_H

#include "lib/base.h"

struct options {
	char *store;
	char *listen; /* address:port */
	char *certificate;
	char *key;
	char *ca;
	char *genesis;
	char *log_key;
	char *log_next_key; /* NULL: not at hand */
	char *control;
	char *registrar_user;      /* who may talk there too, if there is such a user */
	char *policy;              /* NULL: no witness is asked */
	char *witness_certificate; /* these three: NULL: as for hosts */
	char *witness_key;
	char *witness_ca;
	uint64_t witness_timeout_s;  /* of one request */
	uint64_t witness_patience_s; /* of the start */
	bool start_without_witnesses;
	uint64_t commit_interval_ms;
	uint64_t publish_interval_ms;
	uint64_t journal_max_mib;
	uint64_t silent_after_s;
	uint64_t max_connections;
	uint64_t min_free_mib;
	unsigned at_rest; /* enum at_rest */
};

must_check int options_load(const char *path, struct options *ret, char *error, size_t error_size);
void options_done(struct options *o);

#endif

/* Which entries a person wants to see. */
#ifndef SWORNLOG_CLI_FILTER_H
#define SWORNLOG_CLI_FILTER_H

#include "cli/event_text.h"
#include "cli/options.h"

struct filter {
	const char *host;          /* NULL: all */
	struct option_list kinds;  /* names, or numbers; each may be several, by commas. None: all events */
	const char *since, *until; /* as given */
	uint64_t since_us, until_us;
	uint64_t session, pid; /* UINT64_MAX: any */
	const char *path_prefix;
	bool own; /* also the log's own entries: seals, heartbeats */
	uint64_t kind[64];
	size_t kind_count;
};

#define FILTER_NONE UINT64_MAX

/* Work out kinds and times. Returns NULL, or the word that can't be understood. */
const char *filter_prepare(struct filter *f, uint64_t now_us);
bool filter_wants_host(const struct filter *f, const char *host);
bool filter_match(const struct filter *f, const struct event *e);

#endif

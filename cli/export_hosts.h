/* All host logs of a store on their way out, as their batches come by in any order of logs. */
#ifndef SWORNLOG_CLI_EXPORT_HOSTS_H
#define SWORNLOG_CLI_EXPORT_HOSTS_H

#include "evidence/statement.h"
#include "lib/buf.h"

struct export_hosts;

struct export_wanted {
	const char *host; /* NULL: all */
	uint64_t epoch;   /* 0: all */
	bool content;     /* entries, not only their hashes */
};

/* Below dirfd, which is kept and not owned. */
must_check int export_hosts_new(int dirfd, const struct export_wanted *wanted, struct export_hosts **ret);
void export_hosts_free(struct export_hosts *h);

/* A batch as it is stored. One that does not fit ends its log, and is told on standard error. */
must_check int export_hosts_batch(struct export_hosts *h, struct span bytes);
/* Whose key it is. */
must_check int export_hosts_enrol(struct export_hosts *h, const struct statement *e);
/* Write what is left, and append a line for each log. *ret_whole: false if a log ended at a fault. */
must_check int export_hosts_finish(struct export_hosts *h, struct buf *lines, bool *ret_whole);

#endif

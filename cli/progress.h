/* How far a long run is, on standard error: one line that moves on a terminal, else a line now and then. */
#ifndef SWORNLOG_CLI_PROGRESS_H
#define SWORNLOG_CLI_PROGRESS_H

#include "lib/base.h"

struct progress {
	uint64_t total; /* bytes to go through; 0: not known */
	bool terminal;
	uint64_t begun_us, shown_us;
	bool shown;
};

void progress_init(struct progress *p, uint64_t total, bool terminal);
/* `ctx` is the struct progress. */
void progress_show(void *ctx, uint64_t bytes);
/* A line that moves is taken away. */
void progress_end(struct progress *p);

/* "37% of 400 MiB, 12 s left". */
void progress_words(const struct progress *p, uint64_t bytes, uint64_t now_us, char *ret, size_t size);

#endif

/* The store's folder: made, locked, opened (docs/format.md section 13). */
#ifndef SWORNLOG_SINK_STORE_H
#define SWORNLOG_SINK_STORE_H

#include "lib/cursor.h"
#include "lib/env.h"

struct store {
	const struct env *env;
	int dir;
	int journal, segment, fleet, forks; /* the folders in it */
	int lock;
	uint64_t min_free_bytes;
};

/* Open the store, or make it where there is none, and keep others out of it. A store belongs to one genesis
 * statement. Blocks. -EWOULDBLOCK: another process has it; -EKEYREJECTED: its genesis is another one. `error`
 * gets a sentence. */
must_check int store_open(const struct env *env, const char *path, uint64_t min_free_bytes,
                          struct span genesis, struct store *ret, char *error, size_t error_size);
void store_done(struct store *s);
/* 0, or -ENOSPC when less than the minimum is free. */
must_check int store_room(const struct store *s);

/* The numbers of the files named `<20 digits><suffix>` in a folder. -EBADMSG if it holds anything else
 * (unfinished files, `*.tmp`, are removed) or if a number between is missing. first 0: there are none. */
must_check int store_numbers(const struct env *env, int dirfd, const char *suffix, uint64_t *ret_first,
                             uint64_t *ret_last);
/* Remove unfinished files. */
must_check int store_sweep(const struct env *env, int dirfd);
/* Open a folder in `dirfd`, after making it durably if it is not there. Returns a descriptor. */
must_check int store_folder(const struct env *env, int dirfd, const char *name);

#endif
